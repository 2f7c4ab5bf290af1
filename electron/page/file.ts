/** The files of the built page, by the paths of their URLs. */
import { extname, resolve, sep } from 'node:path';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  readonly path: string;
  readonly contentType: string;
}

/**
 * Finds the file for a URL path without reading the disk: the file may not exist, and may be a link.
 * @returns undefined if the path leads out of the folder, has no known content type or cannot be decoded
 */
export function pageFile(folder: string, urlPath: string): PageFile | undefined {
  const name = decode(urlPath === '/' ? '/index.html' : urlPath);
  // a backslash separates folders on Windows, and no file of the page has one in its name
  if (name === undefined || name.includes('\\') || name.includes('\0')) {
    return undefined;
  }
  const path = resolve(folder, `.${name}`);
  const contentType = contentTypes[extname(path)];
  return contentType !== undefined && path.startsWith(resolve(folder) + sep) ? { path, contentType } : undefined;
}

function decode(urlPath: string): string | undefined {
  try {
    return decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
}
