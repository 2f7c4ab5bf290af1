import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, expect, test } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import { FileSend } from './file-send.ts';
import { BytesMessageSchema } from './proto/session_pb.ts';

let server: Http2Server | undefined;
let client: ClientHttp2Session | undefined;

afterEach(() => {
  client?.destroy();
  server?.close();
});

/** Sends parts as an exporter does. Resolves with the status of the call. */
async function sendTo(fileSend: FileSend, parts: readonly Buffer[]): Promise<string> {
  const own = createServer((request, response) => void fileSend.answer(request, response));
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  const session = connect(`http://127.0.0.1:${(own.address() as AddressInfo).port}`);
  client = session;
  const call = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/grpc' });
  call.resume();
  const status = new Promise<string>((resolve) => {
    call.once('trailers', (trailers) => resolve(String(trailers['grpc-status'])));
  });
  for (const part of parts) {
    const message = toBinary(BytesMessageSchema, create(BytesMessageSchema, { data: part }));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    call.write(Buffer.concat([prefix, message]));
  }
  call.end();
  return status;
}

test('an archive arrives in order, and the exporter hears that it was taken only when it was', async () => {
  const parts = [Buffer.alloc(300_000, 1), Buffer.from('end')];
  let received = Buffer.alloc(0);
  const fileSend = new FileSend(async (archive) => {
    received = await buffer(archive);
  });
  expect(await sendTo(fileSend, parts)).toBe('0');
  expect(received.equals(Buffer.concat(parts))).toBe(true);
});

test('the exporter fails with an archive that is refused, and the reason is kept', async () => {
  const failure = fail('disk.full', 'No space left.', 'Free some.');
  const fileSend = new FileSend(async (archive: Readable) => {
    archive.destroy();
    throw failure;
  });
  expect(await sendTo(fileSend, [Buffer.from('x')])).toBe('13');
  expect(fileSend.failure).toBe(failure);
});

test('a second archive is refused', async () => {
  const fileSend = new FileSend(async (archive) => {
    await buffer(archive);
  });
  expect(await sendTo(fileSend, [Buffer.from('x')])).toBe('0');
  client?.destroy();
  server?.close();
  expect(await sendTo(fileSend, [Buffer.from('x')])).toBe('13');
});
