import { readFile } from 'node:fs/promises';
import { pageFile } from '../page/file.ts';
import { pageHeaders } from '../page/headers.ts';
import { isPageUrl } from './url-policy.ts';

/** Responds with a file of the built page. `fs` reads it because Electron extends `fs` to read from the app's asar archive. */
export async function respondWithPageFile(
  folder: string,
  { method, url }: Pick<Request, 'method' | 'url'>,
): Promise<Response> {
  const file = method === 'GET' && isPageUrl(url) ? pageFile(folder, new URL(url).pathname) : undefined;
  if (file === undefined) {
    return notFound();
  }
  try {
    const body = await readFile(file.path);
    return new Response(new Uint8Array(body), { headers: { ...pageHeaders, 'content-type': file.contentType } });
  } catch {
    return notFound();
  }
}

function notFound(): Response {
  return new Response('Not found.', {
    status: 404,
    headers: { ...pageHeaders, 'content-type': 'text/plain; charset=utf-8' },
  });
}
