/** An engine at a local socket that answers what a test wants, and otherwise as podman does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface HostileEngine {
  readonly uri: string;
  /** The answers by the last part of the path, before any other. */
  readonly answers: Map<string, Answer>;
  close(): Promise<void>;
}

/** Sets the title, writes the clipboard, clears the screen, makes a link, and reverses the text, in several encodings. */
export const escapes =
  '\u001b]0;TITLE\u0007\u001b]52;c;QQ==\u0007\u001b[2J\u009b31m\u001b]8;;http://evil.example\u0007x\u202e\u2066\u0000\r';

/** @param text in every string of the answers that podman chooses freely */
export async function startHostileEngine(text: string): Promise<HostileEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-engine-'));
  const path = join(folder, 'podman.sock');
  const answers = new Map<string, Answer>();
  const info = {
    host: {
      os: 'linux',
      arch: 'amd64',
      hostname: `host${text}`,
      distribution: { distribution: `distribution${text}`, version: text },
      security: { rootless: true },
      emulatedArchitectures: [`linux/arm64${text}`, 'linux/arm64'],
      cpus: 4,
      memTotal: 8e9,
      memFree: 4e9,
    },
    store: { graphRoot: '/', graphRootAllocated: 8e9, graphRootUsed: 1e9 },
    version: { Version: `5.4${text}` },
  };
  const server = createServer((request, response) => {
    request.resume();
    const name = (request.url ?? '').split('?', 1)[0]?.split('/').at(-1) ?? '';
    const answer = answers.get(name);
    if (answer) {
      answer(request, response);
      return;
    }
    response.setHeader('content-type', 'application/json');
    if (name === '_ping') {
      response.setHeader('libpod-api-version', '5.4.0').end('OK');
    } else if (name === 'info') {
      response.end(JSON.stringify(info));
    } else {
      response.writeHead(500).end(JSON.stringify({ message: `refused ${text}`, cause: text, response: 500 }));
    }
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  return {
    uri: `unix://${path}`,
    answers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
