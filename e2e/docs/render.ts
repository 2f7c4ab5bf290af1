/** The guide and the pages that it links to, as HTML for the window. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path/posix';
import { Marked } from 'marked';
import { type Page, readPage, slugger } from './pages.ts';

const index = 'docs/guide/index.md';

export interface DocFile {
  /** Below the folder of the page. */
  readonly name: string;
  readonly source: string | Uint8Array;
}

/** The current folder has to be that of the repository. */
export async function renderDocs(): Promise<DocFile[]> {
  const pages = new Map<string, Page>();
  const images = new Set<string>();
  collect(index, pages, images);
  const inOrder = [index, ...(pages.get(index)?.links ?? []).map(({ target }) => localPath(index, target))];
  const navigation = [...new Set(inOrder)].flatMap((path) => (path === undefined ? [] : (pages.get(path) ?? [])));
  const html = [...pages.values()].map((page) => ({
    name: page.path.replace(/\.md$/, '.html'),
    source: htmlOf(page, navigation, pages),
  }));
  const others = await Promise.all(
    [...images, 'docs/guide/guide.css'].map(async (name) => ({ name, source: await readFile(name) })),
  );
  return [...html, ...others];
}

/** Follows the links between the pages of docs/. */
function collect(path: string, pages: Map<string, Page>, images: Set<string>): void {
  const page = readPage(path);
  pages.set(path, page);
  for (const { target } of page.links) {
    const linked = localPath(path, target);
    if (linked === undefined || !existsSync(linked)) {
      continue;
    }
    if (linked.endsWith('.md') && !pages.has(linked)) {
      collect(linked, pages, images);
    } else if (/\.(png|svg)$/.test(linked)) {
      images.add(linked);
    }
  }
}

/** The path of what a link leads to, if that is in docs/. */
function localPath(page: string, target: string): string | undefined {
  const [file = ''] = target.split('#', 1);
  const path = file === '' || /^[a-z]+:/.test(file) ? '' : join(dirname(page), file);
  return path.startsWith('docs/') ? path : undefined;
}

function htmlOf(page: Page, guide: readonly Page[], pages: ReadonlyMap<string, Page>): string {
  const slug = slugger();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const content = this.parser.parseInline(tokens);
        const linked = localPath(page.path, href);
        const isShown = href.startsWith('#') || (linked !== undefined && pages.has(linked));
        return isShown ? `<a href="${href.replace(/\.md(?=#|$)/, '.html')}">${content}</a>` : content;
      },
    },
  });
  const to = (path: string): string => relative(dirname(page.path), path).replace(/\.md$/, '.html');
  const links = guide
    .map(
      ({ path, title }) =>
        `<li><a href="${to(path)}"${path === page.path ? ' aria-current="page"' : ''}>${title}</a></li>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${page.title} – Barnraiser</title>
<link rel="stylesheet" href="${to('docs/guide/guide.css')}">
<nav aria-label="Guide"><ul>
${links}
</ul></nav>
<main>
${marked.parser([...page.tokens])}</main>
</html>
`;
}
