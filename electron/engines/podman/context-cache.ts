/**
 * A context that lies on the node already: podman nodes keep the tar of a project's last context, and only what has changed since
 * then is sent. A program on the node makes the new tar of the kept one and sends it to podman from there. podman gets its end only
 * when the digest of the whole is right. Nothing is installed. Where a node lacks a program for that, or anything does not match, the whole context
 * is sent as to every other engine.
 */
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type EditedPart, splitByEdits } from '../../context/confined-links.ts';
import { type PackedTar, type TarHash, type TarLayout, tarHashes } from '../../context/context-source.ts';
import { endBytes } from '../../context/tar-header.ts';
import type { TarLayouts } from '../../context/tar-layouts.ts';
import { abortable } from '../../system/abortable.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import { ContextCompression } from '../api/context-compression.ts';
import { EngineHttp } from '../transport/http.ts';
import type { EngineResponse, Transport } from '../transport/transport.ts';
import { contextCacheProgram, greetings } from './context-cache-program.ts';
import { ResponseStream } from './response-stream.ts';
import { compareTars, type TarPart } from './tar-difference.ts';

/** A smaller context is sent as fast as the program starts, in bytes. */
const minContextBytes = 1024 * 1024;
/** A larger context does not stay on a node, in bytes. */
const maxContextBytes = 4 * 1024 ** 3;
/** The space that a kept context leaves on the node's disk, in bytes. */
const minFreeBytes = 1024 ** 3;
/** An old tar that has less than this share of the new one is not worth waiting for the end of the packing. */
const minReusedShare = 0.1;
/** An old tar that has this share of the new one is an earlier context of the same project, which the new one replaces. */
const replacedShare = 0.5;
/**
 * A tar that is still being packed, or that may be compressed, is sent in pieces of this size, each of which starts programs on the
 * node. In bytes.
 */
const pieceBytes = 4 * 1024 * 1024;
/** The engine gets the end of a tar, so many bytes, when the whole is verified: at least the blocks that end an archive. */
const verifiedBytes = 64 * 1024;
/** One operation takes at most so much. In bytes. */
const maxKeepBytes = 1024 ** 3;
const blockBytes = 512;
/** Milliseconds until a node is given up that does not greet. */
const greetingTimeoutMs = 20_000;
const maxGreetingBytes = 16 * 1024;
/** Milliseconds after which a command that has not run may be one that the server refuses. */
const saturationPollMs = 200;

/** Jobs on the same node wait until the first has sent the context, and use it then. By the name of the node. */
const uploads = new KeyedMutex<never>();
/** Nodes that lack a program. */
const unusable = new WeakSet<Transport>();

/** The program on a node, which waits for operations. */
export interface ContextProgram {
  readonly stream: Duplex;
  readonly node: NodeState;
  /** Lets other jobs send their context to the node. */
  readonly release: () => void;
}

export interface ContextProgramOptions {
  readonly tar: PackedTar;
  /** Nothing stays on the node. */
  readonly discards: boolean;
  readonly signal: AbortSignal;
}

export interface CachedRequest extends ContextProgramOptions {
  /** Path of the request with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is known of the tars that nodes keep. */
  readonly layouts: TarLayouts;
  /** Called with the bytes of the context that the node has already. */
  readonly onReused: (bytes: number) => void;
  /** Called when everything was sent. */
  readonly onSent: () => void;
}

/**
 * Starts the program on a node. Resolves with undefined if the whole context is to be sent instead. Never rejects.
 * To be given to {@link sendFromNode} or to {@link closeProgram}.
 */
export async function openProgram(
  transport: Transport,
  { tar, discards, signal }: ContextProgramOptions,
): Promise<ContextProgram | undefined> {
  if (!transport.openCommand || unusable.has(transport)) {
    return undefined;
  }
  let stream: Duplex | undefined;
  let release = (): void => undefined;
  const greeted = new AbortController();
  const onAbort = () => stream?.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (!(await abortable(signal, tar.reaches(minContextBytes)))) {
      return undefined;
    }
    const lock = await uploads.acquire(transport.name, signal);
    release = () => lock?.release(undefined);
    signal.throwIfAborted();
    const opening = transport.openCommand(contextCacheProgram(transport.socketPath, { makesFolder: !discards }));
    // packed while the node starts the program
    void tar.layout().catch(() => undefined);
    // asked at once: on a long line, each wait for an answer counts
    const checking = allowsMoreCommands(transport, AbortSignal.any([signal, greeted.signal]));
    stream = await opening;
    stream.on('error', () => undefined); // who reads and writes it gets the error
    signal.throwIfAborted();
    const node = await readGreeting(stream);
    if (!node) {
      unusable.add(transport);
    }
    if (node && (await checking)) {
      return { stream, node, release };
    }
  } catch {
    // if the connection is lost, sending the whole context reports it
  } finally {
    signal.removeEventListener('abort', onAbort);
    greeted.abort();
  }
  stream?.destroy();
  release();
  return undefined;
}

/** Ends a program that gets no operations. */
export function closeProgram({ stream, release }: ContextProgram): void {
  stream.destroy();
  release();
}

/**
 * Sends the request of a build from the node. Resolves with the engine's response, or with undefined if the whole context is to
 * be sent instead.
 * @throws Failure as `Transport.request` does
 */
export async function sendFromNode(
  transport: Transport,
  { stream, node, release }: ContextProgram,
  request: CachedRequest,
): Promise<EngineResponse | undefined> {
  const { signal, onReused } = request;
  let fed = Promise.resolve();
  const onAbort = () => stream.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const plan = await planSending(request, node, transport.roundTripMs?.());
    if (plan?.isThere) {
      release();
    }
    const started = plan && (await startRequest(stream, plan, () => unusable.add(transport)));
    if (!started) {
      stream.destroy();
      return undefined;
    }
    onReused(plan.reusedBytes);
    fed = started.fed;
  } catch {
    // if the context cannot be read or the connection is lost, sending the whole context reports it
    stream.destroy();
    return undefined;
  } finally {
    signal.removeEventListener('abort', onAbort);
    void fed.then(release);
  }
  const response = new ResponseStream(stream);
  const http = new EngineHttp({ name: transport.name, connect: async () => response, lost: transport.lost });
  return http.request({ method: 'POST', path: request.path, signal });
}

/**
 * Whether a command can run beside the program, which runs as long as the build: other commands have to stop the build.
 * The server tells how many it allows only by refusing one.
 */
async function allowsMoreCommands(transport: Transport, signal: AbortSignal): Promise<boolean> {
  const ended = new AbortController();
  const ran = transport
    .run(':', { signal: AbortSignal.any([signal, ended.signal]), timeoutMs: greetingTimeoutMs })
    .then(() => true)
    .catch(() => false);
  try {
    for (;;) {
      const isAllowed = await Promise.race([ran, delay(saturationPollMs, undefined, { signal: ended.signal })]);
      if (isAllowed !== undefined || transport.isSaturated()) {
        return isAllowed ?? false;
      }
    }
  } finally {
    ended.abort();
  }
}

/** What a node says at first. */
interface NodeState {
  /** The digests of the tars that it keeps, the one that was used last first. */
  readonly kept: readonly string[];
  /** How it verifies a tar. */
  readonly hash: TarHash;
  readonly freeBytes: number;
  readonly hasGzip: boolean;
}

/**
 * @returns undefined if the node lacks a program, or its output is not that of the program. What else lies in the folder of the
 *   contexts is left out.
 */
async function readGreeting(stream: Duplex): Promise<NodeState | undefined> {
  const timer = setTimeout(() => stream.destroy(), greetingTimeoutMs);
  const ready = new RegExp(`^${greetings.ready} (\\d{1,15}) (\\w{1,20})( ${greetings.gzip})?$`);
  const has = new RegExp(`^${greetings.has} ([0-9a-f]{64,128})$`);
  const kept: string[] = [];
  let rest = '';
  try {
    for (let bytes = 0; bytes <= maxGreetingBytes; ) {
      const chunk = await nextChunk(stream);
      if (!chunk) {
        return undefined;
      }
      bytes += chunk.length;
      const lines = `${rest}${chunk.toString('latin1')}`.split('\n');
      rest = lines.pop() ?? '';
      for (const [index, line] of lines.entries()) {
        const [, freeKib, name, gzip] = ready.exec(line) ?? [];
        if (freeKib !== undefined) {
          const isLast = index === lines.length - 1 && rest === '';
          const hash = tarHashes.find((each) => each === name);
          const freeBytes = Number(freeKib) * 1024;
          return isLast && hash ? { kept, hash, freeBytes, hasGzip: gzip !== undefined } : undefined;
        }
        if (!line.startsWith(`${greetings.has} `)) {
          return undefined;
        }
        kept.push(...(has.exec(line)?.slice(1) ?? []));
      }
    }
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** How the request is made. */
interface SendingPlan {
  /** Of the program on the node, with the bytes that follow them. */
  readonly operations: AsyncIterable<Buffer>;
  readonly reusedBytes: number;
  /** The node has the whole tar. */
  readonly isThere: boolean;
}

async function planSending(
  request: CachedRequest,
  { kept, hash, freeBytes, hasGzip }: NodeState,
  roundTripMs: number | undefined,
): Promise<SendingPlan | undefined> {
  const { tar, discards, signal } = request;
  const base = await findBase(request, kept, hash);
  if (base) {
    const { bytes } = await abortable(signal, tar.layout());
    const isThere = base.parts.length === 0;
    if (isThere || freeBytes > bytes + minFreeBytes) {
      return { operations: changeTar(request, base, hash), reusedBytes: base.reusedBytes, isThere };
    }
  }
  const compression = hasGzip ? new ContextCompression(roundTripMs) : undefined;
  const maxBytes = Math.min(maxContextBytes, (freeBytes - minFreeBytes) / 2);
  return discards || maxBytes < minContextBytes
    ? undefined
    : { operations: sendTar(request, hash, maxBytes, compression), reusedBytes: 0, isThere: false };
}

/** A tar on the node that the new one is made of. */
interface Base {
  readonly digest: string;
  /** How the new tar is made of it. Empty if it is the new tar. */
  readonly parts: readonly TarPart[];
  readonly reusedBytes: number;
}

/**
 * The kept tar that has most of the new one, among those whose layout is known. Waits until the new one is packed.
 * @returns undefined if none has enough of it
 */
async function findBase(
  { tar, layouts, signal }: CachedRequest,
  kept: readonly string[],
  hash: TarHash,
): Promise<Base | undefined> {
  let best: Base | undefined;
  let minBytes = 0;
  for (const digest of kept) {
    const layout = await layouts.find(digest);
    if (!layout) {
      continue;
    }
    const now = await abortable(signal, tar.layout());
    minBytes = now.bytes * minReusedShare;
    const difference = compareTars(layout, now);
    if (difference.reusedBytes > (best?.reusedBytes ?? 0)) {
      best = { digest, ...difference };
    }
    if (difference.reusedBytes > now.bytes * replacedShare) {
      break;
    }
  }
  if (!best || best.reusedBytes < minBytes) {
    return undefined;
  }
  const { bytes } = await tar.layout();
  // otherwise it is another tar, and its digest is needed only when the node has made it
  if (best.reusedBytes === bytes - endBytes) {
    const now = await abortable(signal, tar.digest(hash));
    return kept.includes(now) ? { digest: now, parts: [], reusedBytes: bytes } : best;
  }
  return best;
}

/** Makes the tar of one that the node keeps, and sends it to the engine if it is right. */
async function* changeTar(request: CachedRequest, base: Base, hash: TarHash): AsyncGenerator<Buffer> {
  const { tar, layouts, discards, onSent } = request;
  const layout = await tar.layout();
  const { bytes } = layout;
  yield line(`base ${base.digest}`);
  for (const { from, start, length } of base.parts) {
    if (from === 'old') {
      yield line(`copy ${blocks(start)} ${blocks(length)}`);
    } else {
      yield* inParts('keep', tar, { start, length });
    }
  }
  yield line('check');
  const { prefix = Buffer.alloc(0), confinedLinks } = tar;
  const change = confinedLinks.reduce((sum, edit) => sum + edit.bytes.length - edit.length, 0);
  const start = Buffer.concat([requestHead(request, `Content-Length: ${prefix.length + bytes + change}`), prefix]);
  yield* send(start);
  let position = 0;
  for (const edit of confinedLinks) {
    yield line(`file ${blocks(position)} ${blocks(edit.start - position)}`);
    yield* send(edit.bytes);
    position = edit.start + edit.length;
  }
  const end = Math.max(position, bytes - verifiedBytes);
  yield line(`file ${blocks(position)} ${blocks(end - position)}`);
  const digest = await tar.digest(hash);
  if (!discards) {
    await layouts.save(digest, layout);
  }
  const isReplaced = discards || base.reusedBytes > bytes * replacedShare;
  yield line(`verified ${digest}${isReplaced ? ` ${base.digest}` : ''}`);
  yield line(`file ${blocks(end)} ${blocks(bytes - end)}`);
  yield line('tidy');
  if (discards) {
    yield line('forget');
  }
  yield line('hold');
  onSent();
}

/**
 * Sends the tar to the engine and keeps a copy, while it is packed.
 * @param maxBytes a larger one is not kept
 * @param compression undefined if the node cannot decompress
 */
async function* sendTar(
  request: CachedRequest,
  hash: TarHash,
  maxBytes: number,
  compression: ContextCompression | undefined,
): AsyncGenerator<Buffer> {
  const { tar, layouts, onSent } = request;
  const { prefix = Buffer.alloc(0), confinedLinks } = tar;
  yield* send(requestHead(request, 'Transfer-Encoding: chunked'));
  if (prefix.length > 0) {
    yield* send(prefix, 'chunk');
  }
  const packed = compression?.isLongLine ? undefined : await packedNow(tar);
  let keptBytes = 0;
  if (packed && packed.bytes <= maxBytes && confinedLinks.length === 0) {
    yield* inParts('both', tar, { start: 0, length: packed.bytes });
  } else {
    const maxPieceBytes = () => compression?.maxPieceBytes(pieceBytes) ?? pieceBytes;
    for await (const { kind, parts, length } of inPieces(splitByEdits(tar.read(0), confinedLinks), maxPieceBytes)) {
      keptBytes += kind === 'new' ? 0 : length;
      const isKept = keptBytes <= maxBytes;
      const operation = kind === 'new' || !isKept ? 'chunk' : kind === 'old' ? 'keep' : 'both';
      if (kind !== 'old' || isKept) {
        const compressed = await compression?.compress(parts, length);
        if (compressed) {
          yield line(`gzip ${compressed.length}`);
        }
        yield line(`${operation} ${length}`);
        yield* compressed ? [compressed] : (compression?.measure(parts, length) ?? parts);
      }
    }
  }
  const [layout, digest] = await Promise.all([tar.layout(), tar.digest(hash)]);
  if (keptBytes <= maxBytes) {
    await layouts.save(digest, layout);
  }
  yield line(keptBytes <= maxBytes ? `end ${digest}` : 'end');
  yield line('hold');
  onSent();
}

/** What a tar consists of, if that is known already. */
function packedNow(tar: PackedTar): Promise<TarLayout | undefined> {
  return Promise.race([tar.layout(), nextTurn(undefined)]);
}

/** An operation for a part of the tar, or several, because the node's shell may not compute with greater numbers. */
async function* inParts(
  operation: 'keep' | 'both',
  tar: PackedTar,
  { start, length }: { readonly start: number; readonly length: number },
): AsyncGenerator<Buffer> {
  for (let at = start; at < start + length; at += maxKeepBytes) {
    const end = Math.min(at + maxKeepBytes, start + length);
    yield line(`${operation} ${end - at}`);
    yield* tar.read(at, end);
  }
}

type Piece = { readonly kind: EditedPart['kind']; readonly parts: Buffer[]; length: number };

/** Joins parts of the same kind, because each piece starts programs on the node. */
async function* inPieces(parts: AsyncIterable<EditedPart>, maxBytes: () => number): AsyncGenerator<Piece> {
  let piece: Piece | undefined;
  for await (const { kind, bytes } of parts) {
    if (piece && (piece.kind !== kind || piece.length + bytes.length > maxBytes())) {
      yield piece;
      piece = undefined;
    }
    piece ??= { kind, parts: [], length: 0 };
    piece.parts.push(bytes);
    piece.length += bytes.length;
  }
  if (piece) {
    yield piece;
  }
}

function requestHead({ path, headers }: CachedRequest, bodyHeader: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const fixed = ['Host: engine', 'Connection: close', 'Content-Type: application/x-tar', bodyHeader];
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${[...fixed, ...lines].join('\r\n')}\r\n\r\n`);
}

function* send(bytes: Buffer, operation: 'send' | 'chunk' = 'send'): Generator<Buffer> {
  yield line(`${operation} ${bytes.length}`);
  yield bytes;
}

function line(text: string): Buffer {
  return Buffer.from(`${text}\n`);
}

function blocks(bytes: number): number {
  return bytes / blockBytes;
}

const inputProblem = Buffer.from(`${greetings.failed} ${greetings.input}\n`);

/**
 * Gives the operations to the program on the node, and resolves when the engine responds. Then `fed` resolves when the program
 * has all operations. Undefined if the program ends before, such as because the tar is not right.
 * @param onUnusable called if the programs of the node cannot do what is needed
 */
async function startRequest(
  stream: Duplex,
  { operations }: SendingPlan,
  onUnusable: () => void,
): Promise<{ readonly fed: Promise<void> } | undefined> {
  const fed = pipeline(Readable.from(operations, { highWaterMark: 1 }), stream, { end: false }).catch(
    (error: Error) => void stream.destroy(error),
  );
  const first = await nextChunk(stream);
  if (!first?.subarray(0, 5).equals(Buffer.from('HTTP/'))) {
    if (first?.subarray(0, inputProblem.length).equals(inputProblem)) {
      onUnusable();
    }
    return undefined;
  }
  stream.unshift(first);
  return { fed };
}

/** Undefined at the end of the stream, also if that is too early. */
function nextChunk(stream: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const stop = (chunk?: Buffer) => {
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      resolve(chunk);
    };
    const onEnd = () => stop();
    const onReadable = () => {
      const chunk: unknown = stream.read();
      if (Buffer.isBuffer(chunk)) {
        stop(chunk);
      }
    };
    stream.on('readable', onReadable).once('end', onEnd).once('close', onEnd);
    if (stream.destroyed) {
      stop();
    } else {
      onReadable();
    }
  });
}
