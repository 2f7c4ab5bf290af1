import { readFile } from 'node:fs/promises';
import { pageFile } from '../page/file.ts';
import { pageHeaders } from '../page/headers.ts';
import { isPageUrl } from './origin.ts';

/**
 * Answers a request of the window with a built file of the page. They are read with `fs`, which Electron teaches to look
 * into the packed app.
 */
export async function answerPage(folder: string, { method, url }: Pick<Request, 'method' | 'url'>): Promise<Response> {
  const file = method === 'GET' && isPageUrl(url) ? pageFile(folder, new URL(url).pathname) : undefined;
  if (file === undefined) {
    return nothingHere();
  }
  try {
    const body = await readFile(file.path);
    return new Response(new Uint8Array(body), { headers: { ...pageHeaders, 'content-type': file.type } });
  } catch {
    return nothingHere();
  }
}

function nothingHere(): Response {
  return new Response('There is nothing here.', {
    status: 404,
    headers: { ...pageHeaders, 'content-type': 'text/plain; charset=utf-8' },
  });
}
