/** Names for the next build of a project, from the names of its earlier builds. */
import type { BuildEntry } from './build-entry.ts';
import { formatReference, parseReference } from './image.ts';

/**
 * Increments the version in a tag: `1.4` → `1.5`, `v2.0.9` → `v2.0.10`, `1.4-alpine` → `1.5-alpine`, `2.0-rc1` → `2.0-rc2`.
 * @returns undefined for a tag without a version, such as `latest`, `nightly` or a commit id
 */
export function incrementTag(tag: string): string | undefined {
  const match = /^(v?(?:\d+\.)*)(\d+)(.*)$/i.exec(tag);
  if (!match) {
    return undefined;
  }
  const [, before = '', number = '', after = ''] = match;
  // digits that letters follow directly are a commit id or a date
  if (after !== '' && !/^[-_.]/.test(after)) {
    return undefined;
  }
  const candidate = /^(.*?[-_.](?:rc|alpha|beta|pre|dev|build|b|r|p)[-_.]?)(\d+)$/i.exec(after);
  return candidate
    ? `${before}${number}${candidate[1] ?? ''}${increment(candidate[2] ?? '')}`
    : `${before}${increment(number)}${after}`;
}

/** Increments a number and keeps its leading zeros: `9` → `10`, `09` → `10`, `007` → `008`. */
function increment(digits: string): string {
  return String(BigInt(digits) + 1n).padStart(digits.length, '0');
}

/** Increments the tag of a reference until the result is not among `others`. @returns undefined if the tag has no version */
export function nextReference(last: string, others: readonly string[]): string | undefined {
  const parsed = parseReference(last);
  if (typeof parsed === 'string') {
    return undefined;
  }
  let tag = incrementTag(parsed.tag);
  while (tag !== undefined && others.includes(formatReference({ ...parsed, tag }))) {
    tag = incrementTag(tag);
  }
  return tag === undefined ? undefined : formatReference({ ...parsed, tag });
}

export interface Suggestions {
  /** The initial value of the field. */
  readonly first: string;
  /** At most four alternatives. */
  readonly others: readonly { readonly reference: string; readonly isNext: boolean }[];
}

/** Suggests references for a project, the same in the window and in the terminal. @param builds of the project, newest first @param name of the project folder */
export function suggestReferences(
  builds: readonly Pick<BuildEntry, 'reference' | 'status'>[],
  name: string,
): Suggestions {
  const past = [...new Set(builds.map(({ reference }) => reference))];
  const [last] = builds;
  if (!last) {
    return { first: firstReference(name), others: [] };
  }
  const nextFree = nextReference(last.reference, past);
  // a failed build has left no image, so its reference is still free
  const isFree = last.status === 'failed' || last.status === 'cancelled' || last.status === 'interrupted';
  const first = isFree ? last.reference : (nextFree ?? last.reference);
  const all = [
    ...(nextFree === undefined ? [] : [{ reference: nextFree, isNext: true }]),
    ...past.map((reference) => ({ reference, isNext: false })),
  ];
  return { first, others: all.filter(({ reference }) => reference !== first).slice(0, 4) };
}

/** The reference for the first build of a project: the folder name in characters that are allowed, with tag 0.1. */
export function firstReference(name: string): string {
  const repository = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${repository || 'project'}:0.1`;
}
