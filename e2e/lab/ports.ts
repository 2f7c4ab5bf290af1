/** Ports of 127.0.0.1. */
import net from 'node:net';

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = await listen(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('A TCP server without a port.');
  }
  return address.port;
}

/** Fails if somebody else already listens there: what we start next would seem to answer, but it would be them. */
export async function demandFreePort(port: number, forWhom: string, variable: string): Promise<void> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
  } catch {
    throw new Error(`Port ${port}, meant for ${forWhom}, is taken by another program. Set ${variable} to a free one.`);
  }
}

function listen(port: number): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => resolve(server));
  });
}
