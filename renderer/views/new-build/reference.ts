import type { Build } from '../../../shared/build.ts';
import { formatReference, parseReference } from '../../../shared/image.ts';

/**
 * The tag that most likely comes next, or undefined for one that does not count: `1.4` → `1.5`, `v2.0.9` → `v2.0.10`,
 * `1.4-alpine` → `1.5-alpine`, `2.0-rc1` → `2.0-rc2`; `latest`, `nightly` and commit ids have none.
 */
export function bumpTag(tag: string): string | undefined {
  const match = /^(v?(?:\d+\.)*)(\d+)(.*)$/i.exec(tag);
  if (!match) {
    return undefined;
  }
  const [, before = '', number = '', after = ''] = match;
  // a word after it must be set apart, or it is a commit id or a date in words
  if (after !== '' && !/^[-_.]/.test(after)) {
    return undefined;
  }
  const candidate = /^(.*?[-_.](?:rc|alpha|beta|pre|dev|build|b|r|p)[-_.]?)(\d+)$/i.exec(after);
  return candidate
    ? `${before}${number}${candidate[1] ?? ''}${next(candidate[2] ?? '')}`
    : `${before}${next(number)}${after}`;
}

/** One more, as wide as it was: `9` → `10`, `09` → `10`, `007` → `008`. */
function next(digits: string): string {
  return String(BigInt(digits) + 1n).padStart(digits.length, '0');
}

/** The reference that comes after one, which none of the others is; undefined where its tag does not count. */
export function nextReference(last: string, others: readonly string[]): string | undefined {
  const parsed = parseReference(last);
  if (typeof parsed === 'string') {
    return undefined;
  }
  let tag = bumpTag(parsed.tag);
  while (tag !== undefined && others.includes(formatReference({ ...parsed, tag }))) {
    tag = bumpTag(tag);
  }
  return tag === undefined ? undefined : formatReference({ ...parsed, tag });
}

export interface Suggestions {
  /** What the field holds before a person writes in it. */
  readonly first: string;
  /** What else could be meant, at most four, without `first`. */
  readonly others: readonly { readonly reference: string; readonly isNext: boolean }[];
}

/** What a project could be built as. @param builds of this project, newest first @param name of the project's folder */
export function suggestReferences(builds: readonly Build[], name: string): Suggestions {
  const past = [...new Set(builds.map(({ reference }) => reference))];
  const [last] = builds;
  if (!last) {
    return { first: firstReference(name), others: [] };
  }
  const following = nextReference(last.reference, past);
  // what failed left nothing under its name, so the name is still free
  const isFree = last.status === 'failed' || last.status === 'cancelled';
  const first = isFree ? last.reference : (following ?? last.reference);
  const all = [
    ...(following === undefined ? [] : [{ reference: following, isNext: true }]),
    ...past.map((reference) => ({ reference, isNext: false })),
  ];
  return { first, others: all.filter(({ reference }) => reference !== first).slice(0, 4) };
}

/** A reference for a project that was never built: its folder's name as registries take it. */
export function firstReference(name: string): string {
  const repository = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${repository || 'project'}:0.1`;
}
