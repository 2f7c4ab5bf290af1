import { type Platform, parsePlatform } from '../../shared/platform.ts';

/**
 * Prints the kernel's handlers for foreign programs as `./NAME:LINE`. Only `register` cannot be read, so grep ends with 2 even
 * where all is well. A machine without binfmt_misc prints nothing.
 */
export const printHandlers = `cd /proc/sys/fs/binfmt_misc 2>/dev/null && grep -sH '' ./*`;

interface Handler {
  readonly isEnabled: boolean;
  /** Has it flag F, "fix binary": its interpreter is opened when it is registered? */
  readonly isFixed: boolean;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer;
}

/** How a program of a platform begins: ELF class (1: 32 bit, 2: 64 bit), byte order (1: little, 2: big) and e_machine. */
type Elf = readonly [elfClass: 1 | 2, byteOrder: 1 | 2, machine: number];

/** Machine numbers: the ELF gABI's e_machine registry. Both arm variants look the same from outside. */
const platforms: Readonly<Record<string, Elf>> = {
  'linux/amd64': [2, 1, 62],
  'linux/386': [1, 1, 3],
  'linux/arm64': [2, 1, 183],
  'linux/arm/v7': [1, 1, 40],
  'linux/arm/v6': [1, 1, 40],
  'linux/riscv64': [2, 1, 243],
  'linux/s390x': [2, 2, 22],
  'linux/ppc64le': [2, 1, 21],
  'linux/mips64le': [2, 1, 8],
  'linux/loong64': [2, 1, 258],
};

/** What a kernel's handlers for foreign programs are good for. */
export interface Handlers {
  /** What containers can run: the handler is enabled and has flag F. */
  readonly platforms: readonly Platform[];
  /** What only the machine itself can run: no handler that is enabled has flag F. */
  readonly withoutF: readonly Platform[];
  /** What it could run with a handler that is switched off, or with all of them. */
  readonly disabled: readonly Platform[];
}

/**
 * The platforms that a kernel hands to an emulator, from the output of {@link printHandlers}. A handler counts only where it
 * is enabled and has flag F: without F its interpreter would be looked for inside the container, where it is not.
 * Format: https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export function emulatedPlatforms(printed: string): Platform[] {
  return [...readHandlers(printed).platforms];
}

/** As {@link emulatedPlatforms}, with what handlers are there for nothing. */
export function readHandlers(printed: string): Handlers {
  const entries = new Map<string, string[]>();
  for (const line of printed.split('\n')) {
    const match = /^\.\/([^:]+):(.*)$/.exec(line);
    if (match) {
      const [, name = '', text = ''] = match;
      entries.set(name, [...(entries.get(name) ?? []), text]);
    }
  }
  const isOn = entries.get('status')?.[0] === 'enabled';
  entries.delete('status');
  const handlers = [...entries.values()].map(handlerOf).filter((handler) => handler !== undefined);
  const run = (which: readonly Handler[]) =>
    Object.entries(platforms)
      .filter(([, elf]) => which.some((handler) => runs(handler, elf)))
      .map(([name]) => parsePlatform(name))
      .filter((platform) => platform !== undefined);
  const enabled = isOn ? handlers.filter(({ isEnabled }) => isEnabled) : [];
  const good = run(enabled.filter(({ isFixed }) => isFixed));
  const withoutF = run(enabled).filter((platform) => !good.includes(platform));
  const disabled = run(handlers).filter((platform) => !good.includes(platform) && !withoutF.includes(platform));
  return { platforms: good, withoutF, disabled };
}

function handlerOf(lines: readonly string[]): Handler | undefined {
  const value = (key: string) => lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const flags = lines.find((line) => line.startsWith('flags:')) ?? '';
  const magic = Buffer.from(value('magic') ?? '', 'hex');
  if (magic.length === 0) {
    return undefined;
  }
  const printedMask = value('mask');
  // the kernel prints no mask where all bits count
  const mask = printedMask === undefined ? Buffer.alloc(magic.length, 0xff) : Buffer.from(printedMask, 'hex');
  const isFixed = flags.slice('flags:'.length).includes('F');
  return { isEnabled: lines[0] === 'enabled', isFixed, offset: Number(value('offset') ?? 0), magic, mask };
}

/** Does the handler take fixed executables and position-independent ones alike? */
function runs(handler: Handler, elf: Elf): boolean {
  return [2, 3].every((type) => {
    const header = elfHeader(elf, type);
    return handler.magic.every((byte, index) => {
      const mask = handler.mask[index] ?? 0xff;
      return ((header[handler.offset + index] ?? 0) & mask) === (byte & mask);
    });
  });
}

/** The first 64 bytes of a program; `type` is e_type, 2 for an executable at a fixed place and 3 for a movable one. */
function elfHeader([elfClass, byteOrder, machine]: Elf, type: number): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, elfClass, byteOrder, 1]);
  if (byteOrder === 1) {
    header.writeUInt16LE(type, 16);
    header.writeUInt16LE(machine, 18);
    header.writeUInt32LE(1, 20);
  } else {
    header.writeUInt16BE(type, 16);
    header.writeUInt16BE(machine, 18);
    header.writeUInt32BE(1, 20);
  }
  return header;
}
