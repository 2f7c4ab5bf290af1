/** Nodes that answer the program of the context cache with something else. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PackedTar } from '../../context/context-source.ts';
import { TarLayouts } from '../../context/tar-layouts.ts';
import type { EngineResponse, Transport } from '../transport/transport.ts';
import { openProgram, sendFromNode } from './context-cache.ts';

const tar = randomBytes(2 * 1024 * 1024);
const sha256 = 'a'.repeat(64);
const packed: PackedTar = {
  reaches: async () => true,
  layout: async () => ({
    entries: [{ path: 'file', offset: 0, length: tar.length - 1024, digest: 'b'.repeat(64) }],
    bytes: tar.length,
  }),
  digest: async () => sha256,
  read: (start, end) => Readable.from([tar.subarray(start, end)]),
  confinedLinks: [],
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-cache-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What a program on a node prints at first, and whether it answers a request. */
class Program extends Duplex {
  readonly #greeting: Iterator<string>;

  constructor(greeting: Iterable<string>) {
    super();
    this.#greeting = greeting[Symbol.iterator]();
  }

  override _read(): void {
    const { value, done } = this.#greeting.next();
    if (!done) {
      this.push(value);
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (chunk.toString('latin1') === 'hold\n') {
      this.push('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbuilt');
    }
    callback();
  }
}

/** @param runs whether the node runs a second command */
function transportTo(program: Duplex, runs = true): Transport {
  const { signal: lost } = new AbortController();
  const refuse = () => Promise.reject(new Error('The node does nothing else.'));
  return {
    name: `node-${randomBytes(4).toString('hex')}`,
    socketPath: '/run/podman/podman.sock',
    request: refuse,
    dial: refuse,
    run: (_command, { signal } = {}) =>
      runs
        ? Promise.resolve({ code: 0, stdout: '', stderr: '' })
        : new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    openCommand: async () => program,
    forwardPort: refuse,
    lost,
    isSaturated: () => false,
    idleSince: () => undefined,
    checkAlive: refuse,
    close: async () => undefined,
  };
}

async function send(transport: Transport): Promise<EngineResponse | undefined> {
  const options = { tar: packed, discards: false, signal: new AbortController().signal };
  const opened = await openProgram(transport, options);
  const layouts = new TarLayouts(folder);
  const ignored = { onReused: () => undefined, onSent: () => undefined };
  return opened && sendFromNode(transport, opened, { path: '/build', headers: {}, layouts, ...options, ...ignored });
}

it('files that something else has put beside the contexts do not matter', async () => {
  const greeting = ['has a b\n', 'has \u001b[2J\n', `has ${sha256}x\n`, 'ready 99999999 sha256\n'];
  const response = await send(transportTo(new Program(greeting)));
  expect(await text(response?.body ?? expect.fail('no response'))).toBe('built');
});

it.each([
  ['nothing, and ends', [], true],
  ['garbage, and ends', [randomBytes(1000).toString('latin1')], true],
  ['that it cannot be used', ['unusable home\n'], false],
  ['contexts without an end', endless(`has ${sha256}\n`), false],
  ['an endless line', endless('x'), false],
  ['more than a greeting', ['ready 99999999 sha256\nHTTP/1.1 200 OK\r\n\r\n'], true],
])('the whole context is sent to a node that says %s', async (_, greeting, ends) => {
  const program = new Program(greeting);
  if (ends) {
    program.once('readable', () => undefined);
    setImmediate(() => program.push(null));
  }
  expect(await send(transportTo(program))).toBeUndefined();
  expect(program.destroyed).toBe(true);
});

it('a command that does not start is not waited for when the program could not start', async () => {
  expect(await send(transportTo(new Program(['unusable home\n']), false))).toBeUndefined();
});

it('a node whose programs cannot read what is sent is not asked again', async () => {
  class Failing extends Program {
    override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
      this.push('failed input\n');
      callback();
    }
  }
  const transport = transportTo(new Failing(['ready 99999999 sha256\n']));
  const openCommand = vi.spyOn(transport, 'openCommand' as never);
  expect(await send(transport)).toBeUndefined();
  expect(await send(transport)).toBeUndefined();
  expect(openCommand).toHaveBeenCalledOnce();
});

function* endless(part: string): Generator<string> {
  for (;;) {
    yield part;
  }
}
