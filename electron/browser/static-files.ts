import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** The file that a URL path names below a folder, or undefined where it names none there. Links out of it are not followed. */
async function findFile(folder: string, urlPath: string): Promise<string | undefined> {
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, decodeURIComponent(urlPath === '/' ? '/index.html' : urlPath)));
    return path.startsWith(root + sep) && (await stat(path)).isFile() ? path : undefined;
  } catch {
    // nothing there, or a path that cannot be one
    return undefined;
  }
}

/** Sends a built file of the page; only known kinds are sent. Files whose name holds a hash of their content may be kept. */
export async function sendFile(response: ServerResponse, folder: string, urlPath: string): Promise<void> {
  const path = await findFile(folder, urlPath);
  const type = path === undefined ? undefined : types[extname(path)];
  if (path === undefined || type === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is nothing here.');
    return;
  }
  response.writeHead(200, {
    'content-type': type,
    'cache-control': urlPath.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store',
  });
  await pipeline(createReadStream(path), response);
}
