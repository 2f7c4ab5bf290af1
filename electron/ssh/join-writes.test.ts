import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { joinWrites } from './join-writes.ts';

test('pieces that are written in one turn leave together, and arrive in their order', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const accepted: Promise<[NodeJS.ReadableStream]> = once(server, 'connection') as never;
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  const [peer] = await accepted;
  try {
    const writes: number[] = [];
    const { _write: writeOne, _writev: writeMany } = socket;
    socket._write = (chunk, ...rest) => {
      writes.push(1);
      writeOne.call(socket, chunk, ...rest);
    };
    socket._writev = (chunks, callback) => {
      writes.push(chunks.length);
      writeMany?.call(socket, chunks, callback);
    };
    const joined = joinWrites(socket);
    for (const piece of ['head ', 'content ', 'tag\n']) {
      joined.write(piece);
    }
    await new Promise((resolve) => setImmediate(resolve));
    joined.write('next ');
    joined.end('last');
    let text = '';
    for await (const chunk of peer) {
      text += String(chunk);
    }
    expect(text).toBe('head content tag\nnext last');
    expect(writes).toEqual([3, 2]);
  } finally {
    socket.destroy();
    server.close();
  }
});

test('the stream tells that it is full, as before', () => {
  const joined = joinWrites(new PassThrough({ highWaterMark: 10 }));
  expect([joined.write('12345'), joined.write('67890')]).toEqual([true, false]);
});
