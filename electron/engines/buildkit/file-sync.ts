/**
 * Sends a context as BuildKit asks for it: a list of its files first, then the content of those that differ from what the
 * builder has. Source: tonistiigi/fsutil, send.go; moby/buildkit, session/filesync.
 */
import { EventEmitter, once } from 'node:events';
import type { Http2ServerRequest, Http2ServerResponse, IncomingHttpHeaders } from 'node:http2';
import type { Readable } from 'node:stream';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import pLimit from 'p-limit';
import { Failure } from '../../../shared/problem.ts';
import type { ContextFile, ContextSource } from '../../context/context-source.ts';
import { readContents, type WantedFile } from './context-content.ts';
import { ContextFiles, type SyncedFile } from './context-files.ts';
import { MessageWriter, readMessages } from './grpc-stream.ts';
import { Packet_Type, PacketSchema, type StatSchema } from './proto/session_pb.ts';

/** The bits of Go's fs.FileMode that are not those of the permissions. */
const goFolder = 2 ** 31;
const goSymlink = 2 ** 27;
const goSetuid = 2 ** 23;
const goSetgid = 2 ** 22;
const goSticky = 2 ** 20;

/** The names under which the builder asks for the context: as a whole, and for the Containerfile. */
const folderNames = ['context', 'dockerfile'];

/** Between the values of a header. */
const separator = ', ';

/** Each answer has a list of the files. BuildKit asks for the context as a whole and for the Containerfile. */
const maxAnswers = 8;

/** Content is sent in parts of at most this size. In bytes. */
const partBytes = 128 * 1024;

/** Answers `FileSync.DiffCopy` with the files of one context. */
export class FileSync {
  /** Why the context could not be read. */
  failure: Failure | undefined;

  /** By the names under which the builder asks for them. */
  readonly #folders: ReadonlyMap<string, ContextSource>;
  readonly #onReused: (bytes: number) => void;
  readonly #limit = pLimit(maxAnswers);
  readonly #listings = new Map<ContextSource, Promise<ListedContext>>();

  /**
   * @param onReused called with the size of the files that the builder has already
   * @param named the folders of additional contexts
   */
  constructor(
    context: ContextSource,
    onReused: (bytes: number) => void = () => undefined,
    named: ReadonlyMap<string, ContextSource> = new Map(),
  ) {
    this.#folders = new Map([...folderNames.map((name) => [name, context] as const), ...named]);
    this.#onReused = onReused;
  }

  /** Never rejects. */
  async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    const writer = new MessageWriter(response);
    try {
      await this.#limit(() => this.#send(request, writer));
      writer.end();
    } catch (error) {
      if (!writer.isClosed) {
        this.failure ??= error instanceof Failure ? error : undefined;
        writer.end('The files of the context could not be sent.');
      }
    }
  }

  async #send(request: Http2ServerRequest, writer: MessageWriter): Promise<void> {
    const { headers } = request;
    const name = String(headers['dir-name'] ?? '');
    const context = this.#folders.get(name);
    if (!context) {
      throw new Error(`The builder asked for the folder ${name}.`);
    }
    const { packed } = context;
    if (!packed) {
      throw new Error('File sync needs a packed context.');
    }
    const { files: all, areClear } = await this.#list(context);
    const files = all.select(areClear ? followPathsOf(headers) : []);
    const requests = new Requests(files);
    const reading = requests.read(request);
    reading.catch(() => undefined); // awaited below
    for (const file of files) {
      await writer.write(packet({ type: Packet_Type.STAT, stat: statOf(file) }));
    }
    await writer.write(packet({ type: Packet_Type.STAT }));
    await writer.flush();
    for (let wanted = await requests.next(); wanted.length > 0; wanted = await requests.next()) {
      for await (const { id, data } of readContents(packed, wanted)) {
        for (let start = 0; start === 0 || start < data.length; start += partBytes) {
          await writer.write(packet({ type: Packet_Type.DATA, id, data: data.subarray(start, start + partBytes) }));
        }
      }
      await writer.flush();
    }
    await reading;
    await writer.write(packet({ type: Packet_Type.FIN }));
    await writer.flush();
    this.#onReused(requests.bytesNotAsked());
  }

  #list(context: ContextSource): Promise<ListedContext> {
    const listing = this.#listings.get(context) ?? listContext(context);
    this.#listings.set(context, listing);
    return listing;
  }
}

interface ListedContext {
  readonly files: ContextFiles;
  /** Any path can be named in a header. */
  readonly areClear: boolean;
}

async function listContext(context: ContextSource): Promise<ListedContext> {
  const files: ContextFile[] = [];
  for await (const file of context.files()) {
    files.push(file);
  }
  return { files: new ContextFiles(files), areClear: !files.some(isUnclear) };
}

/** The files whose content the builder wants, in the order of its requests. */
class Requests {
  readonly #files: readonly SyncedFile[];
  readonly #asked = new Set<number>();
  readonly #changes = new EventEmitter();
  #waiting: WantedFile[] = [];
  #hasEnded = false;

  constructor(files: readonly SyncedFile[]) {
    this.#files = files;
  }

  /** Reads the requests to their end. @throws Error for a request that no builder makes */
  async read(stream: Readable): Promise<void> {
    try {
      for await (const message of readMessages(stream)) {
        const { type, id, data } = fromBinary(PacketSchema, message);
        if (type === Packet_Type.FIN) {
          return;
        }
        if (type === Packet_Type.ERR) {
          throw new Error(Buffer.from(data).toString());
        }
        const file = this.#files[id];
        if (type !== Packet_Type.REQ || file?.kind !== 'file' || file.linkTo !== undefined || this.#asked.has(id)) {
          throw new Error('The builder asked for what is not the content of a file.');
        }
        this.#asked.add(id);
        this.#waiting.push({ id, offset: file.offset, size: file.size });
        this.#changes.emit('change');
      }
      throw new Error('The builder ended the stream.');
    } finally {
      this.#hasEnded = true;
      this.#changes.emit('change');
    }
  }

  /** The size of the files whose content was not asked for. */
  bytesNotAsked(): number {
    return this.#files
      .filter((file, id) => file.kind === 'file' && file.linkTo === undefined && !this.#asked.has(id))
      .reduce((sum, file) => sum + (file.kind === 'file' ? file.size : 0), 0);
  }

  /** The files that were asked for since the last call, at least one. Empty at the end. */
  async next(): Promise<WantedFile[]> {
    while (this.#waiting.length === 0 && !this.#hasEnded) {
      await once(this.#changes, 'change');
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

function packet(init: MessageInitShape<typeof PacketSchema>): Uint8Array {
  return toBinary(PacketSchema, create(PacketSchema, init));
}

/** Owner and group are root, as in a tar. */
function statOf(file: SyncedFile): MessageInitShape<typeof StatSchema> {
  const { path, modifiedMs } = file;
  const common = { path, mode: goMode(file), modTime: BigInt(Math.round(modifiedMs * 1000)) * 1000n };
  switch (file.kind) {
    case 'folder':
      return common;
    case 'symlink':
      return { ...common, size: BigInt(Buffer.byteLength(file.target)), linkname: file.target };
    case 'file':
      return { ...common, size: BigInt(file.size), linkname: file.linkTo ?? '' };
  }
}

function goMode({ kind, mode }: SyncedFile): number {
  if (kind === 'symlink') {
    return goSymlink + 0o777;
  }
  return (
    (mode & 0o777) +
    (kind === 'folder' ? goFolder : 0) +
    (mode & 0o4000 ? goSetuid : 0) +
    (mode & 0o2000 ? goSetgid : 0) +
    (mode & 0o1000 ? goSticky : 0)
  );
}

/**
 * The paths that the builder needs; empty if it needs all. Its patterns for excluding files are those of the ignore file that it
 * has found, which may be another one than the one that has been applied, so they are not applied again.
 */
function followPathsOf(headers: IncomingHttpHeaders): string[] {
  // several values of one header are joined
  const joined = headers.followpaths;
  const paths = joined === undefined ? [] : String(joined).split(separator);
  if (headers['followpaths-encoded'] === '1') {
    return paths.map((path) => decodeURIComponent(path.replaceAll('+', ' ')));
  }
  // older builders send names as bytes that no header may have
  return paths.some((path) => /[^ -~]/.test(path)) ? [] : paths;
}

/** Could a header not tell this path from others? Headers are joined with commas, and lose spaces at their ends. */
function isUnclear({ path }: ContextFile): boolean {
  return path.includes(separator) || path.trim() !== path;
}
