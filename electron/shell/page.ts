import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { isPageUrl } from './origin.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** What every answer carries; the policy is the browser door's, word for word. */
export const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/**
 * Answers a request of the window with a built file of the page. Only known kinds of files are sent. They are read with
 * `fs`, which Electron teaches to look into the packed app.
 */
export async function answerPage(folder: string, { method, url }: Pick<Request, 'method' | 'url'>): Promise<Response> {
  const file = method === 'GET' && isPageUrl(url) ? findFile(folder, new URL(url).pathname) : undefined;
  const type = file === undefined ? undefined : types[extname(file)];
  if (file === undefined || type === undefined) {
    return nothingHere();
  }
  try {
    const body = await readFile(file);
    return new Response(new Uint8Array(body), { headers: { ...pageHeaders, 'content-type': type } });
  } catch {
    return nothingHere();
  }
}

/** The file below the folder that a URL's path names, or undefined where it leads out of it or cannot be a path. */
function findFile(folder: string, urlPath: string): string | undefined {
  try {
    const path = decodeURIComponent(urlPath === '/' ? '/index.html' : urlPath);
    const file = resolve(folder, `.${path}`);
    // a backslash separates folders on some systems, and no file of the page has one
    return path.includes('\\') || path.includes('\0') || !file.startsWith(resolve(folder) + sep) ? undefined : file;
  } catch {
    return undefined;
  }
}

function nothingHere(): Response {
  return new Response('There is nothing here.', {
    status: 404,
    headers: { ...pageHeaders, 'content-type': 'text/plain; charset=utf-8' },
  });
}
