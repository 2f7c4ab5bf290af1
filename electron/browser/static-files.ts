import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pageFile } from '../page/file.ts';

/**
 * Sends a file of the built page. Browsers may cache the files in `assets`, whose names contain a hash of the content.
 * @param getData what the page knows from its first frame on, as `data-` attributes of its root
 */
export async function sendPageFile(
  response: ServerResponse,
  folder: string,
  urlPath: string,
  getData: () => Promise<Readonly<Record<string, string>>>,
): Promise<void> {
  const file = pageFile(folder, urlPath);
  const path = file && (await resolveFile(folder, file.path));
  if (file === undefined || path === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not found.');
    return;
  }
  response.writeHead(200, {
    'content-type': file.contentType,
    'cache-control': urlPath.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store',
  });
  if (file.contentType.startsWith('text/html')) {
    const [html, data] = await Promise.all([readFile(path, 'utf8'), getData()]);
    const attributes = Object.entries(data).map(([name, value]) => ` data-${name}="${value}"`);
    response.end(html.replace('<html', `<html${attributes.join('')}`));
  } else {
    await pipeline(createReadStream(path), response);
  }
}

/** Resolves links. @returns undefined if there is no such file, or if a link leads out of the folder */
async function resolveFile(folder: string, path: string): Promise<string | undefined> {
  try {
    const realPath = await realpath(path);
    const isInside = realPath.startsWith((await realpath(folder)) + sep);
    return isInside && (await stat(realPath)).isFile() ? realPath : undefined;
  } catch {
    return undefined;
  }
}
