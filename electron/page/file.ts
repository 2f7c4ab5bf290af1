import { extname, resolve, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  readonly path: string;
  /** Its content type. */
  readonly type: string;
}

/**
 * The file of the built page that a URL's path names, undefined where it leads out of the folder, names none of the kinds
 * that the page is made of, or cannot be a path. The disk is not asked: it may not be there, and may be a link.
 */
export function pageFile(folder: string, urlPath: string): PageFile | undefined {
  const name = decode(urlPath === '/' ? '/index.html' : urlPath);
  // a backslash separates folders on some systems, and no file of the page has one
  if (name === undefined || name.includes('\\') || name.includes('\0')) {
    return undefined;
  }
  const path = resolve(folder, `.${name}`);
  const type = types[extname(path)];
  return type !== undefined && path.startsWith(resolve(folder) + sep) ? { path, type } : undefined;
}

function decode(urlPath: string): string | undefined {
  try {
    return decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
}
