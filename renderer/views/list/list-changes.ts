import type { CallInput } from '../../../shared/contract.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { parseImageLocation, registryPrefix } from '../../../shared/image-location.ts';
import type { RawEntry, RawList } from '../../../shared/list-edit.ts';

type Annotations = Readonly<Record<string, string>>;

/** The location that a person has typed: without `docker://`, a name with a registry is meant to be there. */
export function locationOf(text: string): string {
  const typed = text.trim();
  const hasRegistry = /^[^/]+[.:][^/]*\/|^localhost\//.test(typed);
  return hasRegistry && !typed.startsWith(registryPrefix) ? `${registryPrefix}${typed}` : typed;
}

/** Undefined if it is a location, or nothing is typed. */
export function locationError(text: string): string | undefined {
  const parsed = text.trim() === '' ? undefined : parseImageLocation(locationOf(text));
  return typeof parsed === 'string' ? parsed : undefined;
}

/** Whether the name can be changed: a digest never leads to something else. */
export function isTag(image: string): boolean {
  const parsed = parseImageLocation(image);
  return typeof parsed !== 'string' && !(parsed.kind === 'registry' && parsed.digest !== undefined);
}

/** `windows/amd64 10.0.17763.1 win32k` */
export function entryName({ platform = 'no platform', osVersion, osFeatures = [] }: RawEntry): string {
  return [platform, osVersion, ...osFeatures].filter((each) => each !== undefined).join(' ');
}

export const imagesOf = ({ entries }: Pick<RawList, 'entries'>): RawEntry[] =>
  entries.filter(({ describes }) => describes === undefined);

/** What the removal of an image takes with it, and what stays. */
export function removalOf(list: RawList, { digest }: RawEntry): { readonly losses: string[]; readonly rest: string } {
  const removed = imagesOf(list).filter((entry) => entry.digest === digest);
  const rest = imagesOf(list).filter((entry) => entry.digest !== digest);
  const attachments = list.entries.filter(({ describes }) => describes === digest).length;
  return {
    losses: [
      ...removed.map((entry) => `The image for ${entryName(entry)}`),
      ...(attachments > 0
        ? [formatCount(attachments, 'attachment that describes it', 'attachments that describe it')]
        : []),
    ],
    rest: `The list then has ${formatList(rest.map(entryName))}.`,
  };
}

/** One annotation a line: `KEY=VALUE`. */
export function formatAnnotations(annotations: Annotations = {}): string {
  return Object.entries(annotations)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');
}

/** @returns a sentence if a line is none */
export function parseAnnotations(text: string): Annotations | string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const wrong = lines.find((line) => !/^[^=\s][^=]*=/.test(line));
  if (wrong !== undefined) {
    return `"${wrong}" is not KEY=VALUE.`;
  }
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]),
  );
}

/** The changes that lead from one to the other. An empty value removes an annotation. */
export function changedAnnotations(before: Annotations, after: Annotations): Record<string, string> {
  const removed = Object.keys(before).filter((key) => !after[key]);
  const changed = Object.entries(after).filter(([key, value]) => value !== '' && before[key] !== value);
  return Object.fromEntries([...removed.map((key) => [key, ''] as const), ...changed]);
}

/** The values of the form for an entry, or for the list itself. */
export interface AnnotationDraft {
  readonly annotations: string;
  readonly variant: string;
  readonly osVersion: string;
  /** Separated by commas. */
  readonly osFeatures: string;
}

export function annotationDraft(list: RawList, entry: RawEntry | undefined): AnnotationDraft {
  return {
    annotations: formatAnnotations(entry ? entry.annotations : list.annotations),
    variant: entry?.platform?.split('/')[2] ?? '',
    osVersion: entry?.osVersion ?? '',
    osFeatures: entry?.osFeatures?.join(', ') ?? '',
  };
}

type Annotate = Extract<CallInput<'lists.edit'>['edit'], { kind: 'annotate' }>;

/** The change of the form, and what it changes, one line each. Undefined if nothing is changed; a sentence if something is wrong. */
export function annotationOf(
  list: RawList,
  entry: RawEntry | undefined,
  draft: AnnotationDraft,
): { readonly edit: Annotate; readonly changes: readonly string[] } | string | undefined {
  const after = parseAnnotations(draft.annotations);
  if (typeof after === 'string') {
    return after;
  }
  const old = annotationDraft(list, entry);
  const before = (entry ? entry.annotations : list.annotations) ?? {};
  const annotations = changedAnnotations(before, after);
  const features = (text: string): string[] => text.split(/[,\s]+/).filter((each) => each !== '');
  const fields = [
    { field: 'variant', name: 'Variant', before: old.variant, after: draft.variant.trim() },
    { field: 'osVersion', name: 'Version of the system', before: old.osVersion, after: draft.osVersion.trim() },
    {
      field: 'osFeatures',
      name: 'Features of the system',
      before: features(old.osFeatures).join(', '),
      after: features(draft.osFeatures).join(', '),
    },
  ].filter((field) => entry !== undefined && field.before !== field.after);
  const has = (name: keyof AnnotationDraft): boolean => fields.some(({ field }) => field === name);
  const changes = [
    ...fields.map((field) => changeText(field.name, field.before, field.after)),
    ...Object.entries(annotations).map(([key, value]) => changeText(key, before[key] ?? '', value)),
  ];
  const edit: Annotate = {
    kind: 'annotate',
    annotations,
    ...(entry ? { target: entry.digest } : {}),
    ...(has('variant') ? { variant: draft.variant.trim() } : {}),
    ...(has('osVersion') ? { osVersion: draft.osVersion.trim() } : {}),
    ...(has('osFeatures') ? { osFeatures: features(draft.osFeatures) } : {}),
  };
  return changes.length === 0 ? undefined : { edit, changes };
}

function changeText(name: string, before: string, after: string): string {
  if (before === '' || after === '') {
    return before === '' ? `${name}: ${after} (new)` : `${name}: ${before} (removed)`;
  }
  return `${name}: ${before} → ${after}`;
}

/** What becomes of a list when the images of others are added. */
export function mergeOf(
  list: RawList,
  sources: readonly RawList[],
): { readonly replaced: string[]; readonly added: string[]; readonly kept: string[] } {
  const old = imagesOf(list);
  const coming = new Map(sources.flatMap(imagesOf).map((entry) => [entryName(entry), entry]));
  const there = new Map(old.map((entry) => [entryName(entry), entry]));
  const names = [...coming.keys()];
  return {
    replaced: names.filter((name) => there.has(name) && there.get(name)?.digest !== coming.get(name)?.digest),
    added: names.filter((name) => !there.has(name)),
    kept: [...there.keys()].filter((name) => !coming.has(name) || there.get(name)?.digest === coming.get(name)?.digest),
  };
}
