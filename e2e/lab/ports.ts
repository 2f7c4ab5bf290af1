/** TCP ports of 127.0.0.1. */
import net from 'node:net';

/** A port that is free now. */
export async function findFreePort(): Promise<number> {
  const server = await listen(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('The TCP server has no port.');
  }
  return address.port;
}

/**
 * Makes sure that the next program to start is the one that answers on a port.
 * @param variable the environment variable that changes the port
 * @throws Error if another program listens on the port
 */
export async function assertPortFree(port: number, purpose: string, variable: string): Promise<void> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
  } catch {
    throw new Error(`Port ${port} for ${purpose} is used by another program. Set ${variable} to a free port.`);
  }
}

function listen(port: number): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => resolve(server));
  });
}
