import { createServer } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Control } from '../proto/control_pb.ts';

/** Answers BuildKit's calls on a stream. Calls without an answer of their own do nothing. */
export function serveBuildKit(stream: Duplex, answers: Partial<ServiceImpl<typeof Control>>): void {
  const implementation: Partial<ServiceImpl<typeof Control>> = {
    solve: () => ({}),
    async *status() {},
    async *session() {},
    ...answers,
  };
  const server = createServer(
    connectNodeAdapter({ connect: false, grpcWeb: false, routes: (router) => router.service(Control, implementation) }),
  );
  server.on('session', (session) => session.on('error', () => stream.destroy()));
  stream.on('error', () => undefined);
  server.emit('connection', stream);
}
