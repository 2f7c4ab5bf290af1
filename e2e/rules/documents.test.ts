/** Documents for those who change the code name only files and folders that are there. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listFiles } from './source.ts';

const documents = ['ARCHITECTURE.md', 'docs/decisions.md', 'docs/where-to-change.md'];

/** The registry in the name of an image, which looks like a folder. */
const registryName = 'localhost/';

const files = listFiles('');
/** Each file and folder, also without the folders above it: a row names the folder only once. */
const known = new Set(
  files.flatMap((file) => {
    const parts = file.split('/');
    return parts.flatMap((_, from) =>
      parts.slice(from).map((__, count) => parts.slice(from, from + count + 1).join('/')),
    );
  }),
);

/** What looks like a file of the code or like a folder: `ssh/connect-problems.ts`, `linuxkit/`; a folder may be `*`. */
function pathsIn(document: string): string[] {
  const code = [...readFileSync(document, 'utf8').matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, text = '']) => text);
  return code.filter((text) => /^[\w.*/-]+(\.(ts|tsx|mjs|sh)|[\w*-]\/)$/.test(text) && text !== registryName);
}

function isKnown(path: string): boolean {
  const wanted = path.replace(/\/$/, '');
  if (!wanted.includes('*')) {
    return known.has(wanted);
  }
  const pattern = new RegExp(`(^|/)${wanted.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`);
  return files.some((file) => pattern.test(file));
}

test.each(documents)('%s names files that are there', (document) => {
  const paths = pathsIn(document);
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.filter((path) => !isKnown(path))).toEqual([]);
});
