import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pageFile } from '../page/file.ts';

/** Sends a built file of the page. Files whose name holds a hash of their content may be kept. */
export async function sendFile(response: ServerResponse, folder: string, urlPath: string): Promise<void> {
  const file = pageFile(folder, urlPath);
  const path = file && (await findFile(folder, file.path));
  if (file === undefined || path === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is nothing here.');
    return;
  }
  response.writeHead(200, {
    'content-type': file.type,
    'cache-control': urlPath.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store',
  });
  await pipeline(createReadStream(path), response);
}

/** Where the file really is, undefined where none is there. Links out of the folder are not followed. */
async function findFile(folder: string, path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return real.startsWith((await realpath(folder)) + sep) && (await stat(real)).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}
