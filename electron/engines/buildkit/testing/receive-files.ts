import { type ClientHttp2Session, connect, createServer } from 'node:http2';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ContextSource } from '../../../context/context-source.ts';
import { FileSync } from '../file-sync.ts';
import { readMessages } from '../grpc-stream.ts';
import { Packet_Type, PacketSchema, type Stat } from '../proto/session_pb.ts';

export interface ReceivedFile {
  readonly stat: Stat;
  /** Undefined if it was not asked for. */
  readonly content: Buffer | undefined;
}

export interface ReceiveOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the content of a file is asked for. */
  readonly wants?: (stat: Stat) => boolean;
}

/** Asks for the files of a context as BuildKit does. Rejects with the message of the call if it fails. */
export async function receiveFiles(context: ContextSource, options: ReceiveOptions = {}): Promise<ReceivedFile[]> {
  const fileSync = new FileSync(context);
  const server = createServer((request, response) => void fileSync.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = connect(`http://127.0.0.1:${port}`);
  try {
    return await ask(client, options);
  } catch (error) {
    throw fileSync.failure ?? error;
  } finally {
    client.destroy();
    server.close();
  }
}

async function ask(
  client: ClientHttp2Session,
  { headers, wants = isContentOf }: ReceiveOptions,
): Promise<ReceivedFile[]> {
  const stream = client.request({
    ...{ ':method': 'POST', 'content-type': 'application/grpc', 'dir-name': 'context' },
    ...headers,
  });
  let status = '';
  let message = '';
  stream.on('trailers', (trailers) => {
    status = String(trailers['grpc-status']);
    message = decodeURIComponent(String(trailers['grpc-message'] ?? ''));
  });
  const send = (init: MessageInitShape<typeof PacketSchema>): void => {
    const bytes = toBinary(PacketSchema, create(PacketSchema, init));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(bytes.length, 1);
    stream.write(Buffer.concat([prefix, bytes]));
  };
  const files: { stat: Stat; chunks: Buffer[] | undefined; hasEnded: boolean }[] = [];
  let isListed = false;
  for await (const bytes of readMessages(stream)) {
    const { type, stat, id, data } = fromBinary(PacketSchema, bytes);
    if (type === Packet_Type.STAT && stat) {
      const isWanted = wants(stat);
      files.push({ stat, chunks: isWanted ? [] : undefined, hasEnded: !isWanted });
      if (isWanted) {
        send({ type: Packet_Type.REQ, id: files.length - 1 });
      }
    } else if (type === Packet_Type.STAT) {
      isListed = true;
    } else if (type === Packet_Type.DATA) {
      const file = files[id];
      file?.chunks?.push(Buffer.from(data));
      if (file && data.length === 0) {
        file.hasEnded = true;
      }
    }
    if (isListed && type !== Packet_Type.FIN && files.every(({ hasEnded }) => hasEnded)) {
      isListed = false;
      send({ type: Packet_Type.FIN });
      stream.end();
    }
  }
  if (status !== '0') {
    throw new Error(message || 'The call has ended without a status.');
  }
  return files.map(({ stat, chunks }) => ({ stat, content: chunks && Buffer.concat(chunks) }));
}

/** Is it a file with a content of its own? */
export function isContentOf({ mode, linkname }: Stat): boolean {
  return mode < 2 ** 27 && linkname === '';
}
