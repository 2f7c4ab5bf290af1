/** The pages of docs/, as their tests and their HTML read them. */
import { readFileSync } from 'node:fs';
import { lexer, type Token, type Tokens } from 'marked';

/** A fenced or indented block of code, and the comment right before it. */
export interface CodeBlock {
  readonly page: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  readonly text: string;
  /** `sh`, `yaml`… Empty for an indented block. */
  readonly language: string;
  /** What the HTML comment before it says. */
  readonly comment?: string;
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Page {
  readonly path: string;
  readonly title: string;
  /** Without the character #. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  readonly blocks: readonly CodeBlock[];
  /** What is between backticks in the text. */
  readonly codes: readonly Link[];
  readonly tokens: readonly Token[];
}

export function readPage(path: string): Page {
  const tokens = lexer(readFileSync(path, 'utf8'));
  const anchors = new Set<string>();
  const links: Link[] = [];
  const blocks: CodeBlock[] = [];
  const codes: Link[] = [];
  let title = '';
  let line = 1;
  let comment: string | undefined;
  const slug = slugger();
  for (const token of tokens) {
    for (const each of flatten(token)) {
      if (each.type === 'heading') {
        const { text } = each as Tokens.Heading;
        title ||= text;
        anchors.add(slug(text));
      } else if (each.type === 'link' || each.type === 'image') {
        links.push({ line, target: (each as Tokens.Link).href });
      } else if (each.type === 'html') {
        links.push(
          ...[...each.raw.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(([, target = '']) => ({ line, target })),
        );
      } else if (each.type === 'codespan') {
        codes.push({ line, target: (each as Tokens.Codespan).text });
      } else if (each.type === 'code') {
        const { text, lang = '' } = each as Tokens.Code;
        blocks.push({ page: path, line, text, language: lang, ...(comment === undefined ? {} : { comment }) });
      }
    }
    if (token.type !== 'space') {
      comment = /^\s*<!--\s*(.*?)\s*-->\s*$/s.exec(token.type === 'html' ? token.raw : '')?.[1];
    }
    line += token.raw.split('\n').length - 1;
  }
  return { path, title, anchors, links, blocks, codes, tokens };
}

/** A token and all tokens in it. */
function flatten(token: Token): Token[] {
  const inner: Token[] = [];
  if (token.type === 'table') {
    const { header, rows } = token as Tokens.Table;
    inner.push(...[header, ...rows].flat().flatMap((cell) => cell.tokens));
  } else if (token.type === 'list') {
    inner.push(...(token as Tokens.List).items);
  } else if ('tokens' in token && token.tokens) {
    inner.push(...token.tokens);
  }
  return [token, ...inner.flatMap(flatten)];
}

/** Makes the anchors of the headings of one page, as GitHub does. */
export function slugger(): (heading: string) => string {
  const counts = new Map<string, number>();
  return (heading) => {
    const slug = heading
      .toLowerCase()
      .replace(/<[^>]*>|[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
}
