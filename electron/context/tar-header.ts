/** The headers of a tar in the ustar format, and of what those cannot hold in the pax format. */
import type { ContextEntry } from './walk.ts';

export const blockBytes = 512;

/** A tar ends with two empty blocks. */
export const endBytes = 2 * blockBytes;

/** The greatest time of a header that all programs read, in seconds since 1970. */
const maxSeconds = 2 ** 31 - 1;

/** The greatest size that eleven octal digits hold. */
const maxOctalSize = 8 ** 11 - 1;

/** What one entry says in its header. */
interface Header {
  readonly name: string;
  readonly type: keyof typeof typeFlags;
  readonly mode: number;
  readonly seconds: number;
  readonly size: number;
  readonly target: string;
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', folder: '5', pax: 'x' } as const;

/** No headers are longer: paths and the targets of links have at most 4,096 bytes. */
export const maxHeaderBytes = 16 * blockBytes * 2;

/**
 * Writes the headers of an entry into a buffer that has room for {@link maxHeaderBytes}: one block, or three and more for a
 * long or non-ASCII name, a long target and a time that one block cannot hold. Owner and group are left out.
 * @returns their length
 */
export function writeTarHeader(entry: ContextEntry, buffer: Buffer, start: number): number {
  const seconds = Math.floor(entry.modifiedMs / 1000);
  const heldSeconds = Math.min(Math.max(seconds, 0), maxSeconds);
  const header: Header = {
    name: entry.kind === 'folder' ? `${entry.path}/` : entry.path,
    type: entry.kind,
    mode: entry.mode,
    seconds: heldSeconds,
    size: entry.kind === 'file' ? entry.size : 0,
    target: entry.kind === 'symlink' || entry.kind === 'hardlink' ? entry.target : '',
  };
  return seconds === heldSeconds && encode(header, buffer, start)
    ? blockBytes
    : encodeLong(header, seconds, buffer, start);
}

const scratch = Buffer.alloc(maxHeaderBytes);

/** The headers of an entry, in memory of their own: a message with a part of a larger buffer has all of it. */
export function tarHeader(entry: ContextEntry): Buffer {
  const bytes = Buffer.alloc(tarHeaderBytes(entry));
  scratch.copy(bytes, 0, 0, writeTarHeader(entry, scratch, 0));
  return bytes;
}

/** The length of the headers of an entry. */
export function tarHeaderBytes(entry: ContextEntry): number {
  const seconds = Math.floor(entry.modifiedMs / 1000);
  const isShort = entry.kind === 'file' && seconds >= 0 && seconds <= maxSeconds && splitName(entry.path) !== undefined;
  return isShort ? blockBytes : writeTarHeader(entry, scratch, 0);
}

/** The bytes of an entry's content in a tar, which consists of blocks. */
export function paddedSize(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

/** A pax header with the name, the target and an unusual time, and then the header without them. */
function encodeLong(header: Header, seconds: number, buffer: Buffer, start: number): number {
  const records = [
    paxRecord('path', header.name),
    ...(header.target === '' ? [] : [paxRecord('linkpath', header.target)]),
    ...(seconds === header.seconds ? [] : [paxRecord('mtime', String(seconds))]),
  ];
  const content = Buffer.from(records.join(''));
  const short = { ...header, name: 'PaxHeader', target: header.target && 'PaxHeader' };
  const own = start + blockBytes + paddedSize(content.length);
  encode({ ...short, type: 'pax', size: content.length }, buffer, start);
  buffer.fill(0, start + blockBytes, own);
  content.copy(buffer, start + blockBytes);
  encode(short, buffer, own);
  return own + blockBytes - start;
}

/** The length of a record includes the digits of the length itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) {
    length = bytes + String(length).length;
  }
  return `${length}${rest}`;
}

/** Writes a header of one block. @returns whether it fits */
function encode({ name, type, mode, seconds, size, target }: Header, buffer: Buffer, start: number): boolean {
  const split = splitName(name);
  if (!split || (target !== '' && Buffer.byteLength(target) > 100)) {
    return false;
  }
  template.copy(buffer, start);
  buffer.write(split.name, start, 'latin1');
  buffer.write(octal(mode & 0o7777, 6), start + 100, 'latin1');
  if (size <= maxOctalSize) {
    buffer.write(octal(size, 11), start + 124, 'latin1');
  } else {
    buffer[start + 124] = 0x80;
    buffer.writeUIntBE(size, start + 130, 6);
  }
  buffer.write(octal(seconds, 11), start + 136, 'latin1');
  buffer.write(typeFlags[type], start + 156, 'latin1');
  if (target !== '') {
    buffer.write(target, start + 157);
  }
  if (split.prefix !== '') {
    buffer.write(split.prefix, start + 345, 'latin1');
  }
  // while it is summed, the field of the sum has eight spaces
  const sum = fixedSum + sumOf(buffer, start, 257) + sumOf(buffer, start + 345, split.prefix.length);
  buffer.write(`${octal(sum, 6)}\u0000`, start + 148, 'latin1');
  return true;
}

function sumOf(buffer: Buffer, start: number, length: number): number {
  let sum = 0;
  for (let position = start; position < start + length; position++) {
    sum += buffer[position] ?? 0;
  }
  return sum;
}

/** Long names are split at a slash. Undefined for one that does not fit, or is not ASCII. */
function splitName(name: string): { readonly name: string; readonly prefix: string } | undefined {
  if (Buffer.byteLength(name) !== name.length) {
    return undefined;
  }
  if (name.length <= 100) {
    return { name, prefix: '' };
  }
  const slash = name.indexOf('/', name.length - 101);
  return slash < 0 || slash > 155 ? undefined : { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')} `;
}

/** What all headers have: no owner and group, the name of the format, no device, and spaces where the sum of the bytes is. */
const template = Buffer.alloc(blockBytes);
template.write('000000 \u0000000000 ', 108, 'latin1');
template.write('        ', 148, 'latin1');
template.write('ustar\u000000', 257, 'latin1');
template.write('000000 \u0000000000 ', 329, 'latin1');

/** The sum of what follows the target. */
const fixedSum = sumOf(template, 257, blockBytes - 257);
