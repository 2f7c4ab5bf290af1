import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Agent } from './agent.ts';
import { agentOfKeys, type ForwardedAgent, personsAgent, serveAgent } from './forwarded-agent.ts';
import { privateKeyOf } from './private-key.ts';
import { uint32, wireString } from './wire.ts';

const keys = [
  privateKeyOf(generateKeyPairSync('ed25519').privateKey),
  privateKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
];
let folder: string;
let server: Server;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forwarded-'));
});
afterEach(async () => {
  for (const socket of sockets) {
    socket.destroy();
  }
  server?.close();
  await rm(folder, { recursive: true });
});

/** Serves an agent at a socket, as an engine does for a step of a build. */
async function serve(agent: ForwardedAgent): Promise<string> {
  const path = join(folder, 'agent.sock');
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    Readable.from(serveAgent(agent, socket))
      .on('error', () => socket.destroy())
      .pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

const frame = (message: Buffer): Buffer => wireString(message);
const refused = frame(Buffer.from([5]));

describe('an agent of keys', () => {
  test('lists them and signs with each, with the hash that is asked for', async () => {
    const agent = new Agent(await serve(agentOfKeys(keys)));
    const listed = (await agent.list()) ?? [];
    expect(listed.map(({ type }) => type)).toEqual(['ssh-ed25519', 'ssh-rsa']);
    for (const key of listed) {
      for (const hash of ['sha256', 'sha512']) {
        const data = Buffer.from('data');
        const signature = await agent.sign(key, data, hash);
        const length = signature.readUInt32BE(0);
        const algorithm = key.type === 'ssh-rsa' ? `rsa-sha2-${hash.slice(3)}` : key.type;
        expect(signature.subarray(4, 4 + length).toString()).toBe(algorithm);
        const parsed = ssh2.utils.parseKey(`${key.type} ${key.publicKey.toString('base64')}`);
        const [publicKey] = [parsed].flat();
        const bytes = signature.subarray(4 + length + 4);
        expect(
          publicKey &&
            !(publicKey instanceof Error) &&
            publicKey.verify(data, bytes, key.type === 'ssh-rsa' ? hash : undefined),
        ).toBe(true);
      }
    }
  });

  test.each([
    ['to add a key', Buffer.concat([Buffer.from([17]), wireString('ssh-ed25519')])],
    ['to remove all', Buffer.from([19])],
    ['to lock', Buffer.concat([Buffer.from([22]), wireString('x')])],
    ['an extension', Buffer.concat([Buffer.from([27]), wireString('session-bind@openssh.com')])],
    [
      'to sign with a key that it has not',
      Buffer.concat([Buffer.from([13]), wireString('k'), wireString('d'), uint32(0)]),
    ],
    ['to sign nothing', Buffer.from([13])],
  ])('refuses %s', async (_name, message) => {
    const answers = serveAgent(agentOfKeys(keys), Readable.from([frame(message)]));
    expect(await buffer(Readable.from(answers))).toEqual(refused);
  });

  test('answers messages that arrive in pieces and together', async () => {
    const list = frame(Buffer.from([11]));
    const bytes = Buffer.concat([list, list, frame(Buffer.from([19])), list]);
    const pieces = [...bytes].map((byte) => Buffer.from([byte]));
    const together = await buffer(Readable.from(serveAgent(agentOfKeys(keys), Readable.from([bytes]))));
    expect(await buffer(Readable.from(serveAgent(agentOfKeys(keys), Readable.from(pieces))))).toEqual(together);
  });

  test.each([0, 256 * 1024 + 1])('ends a stream with a message of %d bytes', async (length) => {
    const answers = serveAgent(agentOfKeys(keys), Readable.from([uint32(length)]));
    await expect(buffer(Readable.from(answers))).rejects.toThrow('not a message');
  });
});

describe("a person's agent", () => {
  test('lists and signs, and gets nothing else', async () => {
    const received: number[] = [];
    const own = agentOfKeys(keys);
    const path = await serve({
      answer: (message) => {
        received.push(message[0] ?? 0);
        return own.answer(message);
      },
    });
    const agent = await personsAgent(path);
    const [key] = keys;
    const sign = Buffer.concat([Buffer.from([13]), wireString(key?.publicKey ?? ''), wireString('data'), uint32(0)]);
    expect((await agent?.answer(Buffer.from([11])))?.[0]).toBe(12);
    expect((await agent?.answer(sign))?.[0]).toBe(14);
    expect(await agent?.answer(Buffer.from([19]))).toEqual(Buffer.from([5]));
    // the first is that of the check
    expect(received).toEqual([11, 11, 13]);
  });

  test('is not there where nothing answers, or none is named', async () => {
    expect(await personsAgent(join(folder, 'missing'))).toBeUndefined();
    expect(await personsAgent('')).toBeUndefined();
  });
});
