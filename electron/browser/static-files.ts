import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Settings } from '../../shared/settings.ts';
import { pageFile } from '../page/file.ts';

/**
 * Sends a file of the built page. Browsers may cache the files in `assets`, whose names contain a hash of the content.
 * @param getTheme the theme that the page has from its first frame on
 */
export async function sendPageFile(
  response: ServerResponse,
  folder: string,
  urlPath: string,
  getTheme: () => Promise<Settings['theme']>,
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
    const [html, theme] = await Promise.all([readFile(path, 'utf8'), getTheme()]);
    response.end(theme === 'system' ? html : html.replace('<html', `<html data-theme="${theme}"`));
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
