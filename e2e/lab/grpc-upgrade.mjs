/**
 * grpc-upgrade.mjs DOCKER-SOCKET SOCKET
 *
 * Serves the BuildKit of a docker as a BuildKit daemon does: each connection to SOCKET is upgraded on docker's socket, and
 * speaks HTTP/2 with prior knowledge from then on.
 */
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [dockerSocket, socket] = process.argv.slice(2);
if (!socket) {
  throw new Error('Usage: grpc-upgrade.mjs DOCKER-SOCKET SOCKET');
}
rmSync(socket, { force: true });
createServer((client) => {
  const headers = { connection: 'Upgrade', upgrade: 'h2c' };
  const upgrade = request({ socketPath: dockerSocket, method: 'POST', path: '/grpc', headers, agent: false });
  const fail = (reason) => {
    console.error(reason);
    client.destroy();
  };
  client.on('error', () => upgrade.destroy());
  upgrade.on('error', (error) => fail(error.message));
  upgrade.on('response', ({ statusCode }) => fail(`docker answered ${statusCode} instead of upgrading.`));
  upgrade.on('upgrade', (_, buildkit, head) => {
    client.write(head);
    // if one side ends, so does the other
    pipeline(client, buildkit, client, () => undefined);
  });
  upgrade.end();
}).listen(socket);
