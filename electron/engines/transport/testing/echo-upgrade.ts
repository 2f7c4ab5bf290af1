import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A handler of the event `upgrade` of an HTTP server. It accepts the upgrade and then sends back what it gets. */
export function upgradeToEcho(_request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => undefined);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  socket.pipe(socket);
}

/** Upgrades a raw stream with HTTP/1.1, sends a text over it and resolves with what comes back. */
export async function echoOverUpgrade(stream: Duplex, text: string): Promise<string> {
  stream.write('POST /session HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  let received = await readUntil(stream, '\r\n\r\n');
  stream.write(text);
  received = received.slice(received.indexOf('\r\n\r\n') + 4);
  return received.length >= text.length ? received : received + (await readUntil(stream, text));
}

async function readUntil(stream: Duplex, end: string): Promise<string> {
  let received = '';
  while (!received.includes(end)) {
    const [chunk] = await once(stream, 'data');
    received += String(chunk);
  }
  return received;
}
