/** Build arguments and labels that come from the git repository of a project. */
import {
  type AppliedAutomatic,
  type Automatic,
  type AutomaticArgName,
  type AutomaticEntry,
  type AutomaticLabelName,
  type AutomaticValues,
  automaticArgNames,
  automaticLabelNames,
} from '../../shared/automatic-options.ts';
import { formatList } from '../../shared/format.ts';
import { parseGitUrl } from '../../shared/git-url.ts';
import { type GitFacts, type GitProject, localRemoteText, type NoGitFacts, readGitFacts } from './git-facts.ts';
import type { OpenedProject } from './open-project.ts';
import { parseContainerfile } from './parse-containerfile.ts';
import { sourceAddress } from './source-address.ts';

/** All arguments and labels that can be had, with their values. @throws the reason of the signal */
export async function automaticValuesOf(
  { source, folder, containerfile: { path, content } }: Pick<OpenedProject, 'source' | 'folder' | 'containerfile'>,
  signal: AbortSignal | undefined,
): Promise<AutomaticValues> {
  const declared = parseContainerfile(content.toString('utf8')).buildArgs.map(({ name }) => name);
  return source.isForeign
    ? fetchedAutomaticValues(source, declared)
    : readAutomaticValues({ context: folder, containerfile: path }, declared, signal);
}

/**
 * Those of a folder of this computer.
 * @param declared the arguments that the Containerfile declares. @throws the reason of the signal
 */
export async function readAutomaticValues(
  project: GitProject,
  declared: readonly string[],
  signal?: AbortSignal,
): Promise<AutomaticValues> {
  return automaticValues(await readGitFacts(project, { signal }), declared);
}

/**
 * Those of a project that was fetched for the build: a commit of a repository, or no repository.
 * @param context as a request names it, without a login
 */
function fetchedAutomaticValues(
  { context, commit }: { readonly context: string; readonly commit?: string | undefined },
  declared: readonly string[],
): AutomaticValues {
  if (commit === undefined) {
    return automaticValues({ missing: 'The project is in no folder with a git repository.' }, declared);
  }
  const source = sourceAddress(parseGitUrl(context).remote);
  const unknown = 'It is known only of a folder of this computer.';
  const notes = {
    all: [],
    created: unknown,
    version: unknown,
    goVersion: unknown,
    ...(source === undefined ? { source: localRemoteText } : {}),
  };
  return automaticValues({ commit, isClean: true, ...(source === undefined ? {} : { source }), notes }, declared);
}

/** What is known of a commit. */
type CommitFacts = Pick<GitFacts, 'commit' | 'source' | 'isClean'> &
  Partial<Pick<GitFacts, 'seconds' | 'version' | 'goVersion'>> & {
    readonly notes: GitFacts['notes'] & { readonly created?: string };
  };

type Value = Pick<AutomaticEntry, 'value' | 'note'>;

function automaticValues(facts: CommitFacts | NoGitFacts, declared: readonly string[]): AutomaticValues {
  const none: Value = {};
  const source: Value = 'missing' in facts ? none : { value: facts.source, note: facts.notes.source };
  const args: Record<AutomaticArgName, Value> =
    'missing' in facts
      ? { SOURCE: none, REVISION: none, GOPKGVERSION: none }
      : {
          SOURCE: source,
          REVISION: { value: facts.isClean ? facts.commit : `${facts.commit}-dirty` },
          GOPKGVERSION: { value: facts.goVersion, note: facts.notes.goVersion },
        };
  // labels are what others rely on: they name a commit only if the image is made of its files
  const ofCommit = (value: Value): Value =>
    'missing' in facts || facts.isClean ? value : { note: 'It is left out, because files differ from the commit.' };
  const labels: Record<AutomaticLabelName, Value> =
    'missing' in facts
      ? {
          'org.opencontainers.image.source': none,
          'org.opencontainers.image.revision': none,
          'org.opencontainers.image.created': none,
          'org.opencontainers.image.version': none,
        }
      : {
          'org.opencontainers.image.source': source,
          'org.opencontainers.image.revision': ofCommit({ value: facts.commit }),
          // not the time of the build, which would make every image another one
          'org.opencontainers.image.created': ofCommit(
            facts.seconds === undefined
              ? { note: facts.notes.created }
              : { value: new Date(facts.seconds * 1000).toISOString().replace('.000Z', 'Z') },
          ),
          'org.opencontainers.image.version': ofCommit({ value: facts.version, note: facts.notes.version }),
        };
  return {
    args: automaticArgNames.map((name) => ({ ...entryOf(name, args[name]), isDeclared: declared.includes(name) })),
    labels: automaticLabelNames.map((name) => entryOf(name, labels[name])),
    notes: 'missing' in facts ? [facts.missing] : [...facts.notes.all],
  };
}

function entryOf(name: string, { value, note }: Value): AutomaticEntry {
  return { name, ...(value === undefined ? {} : { value }), ...(note === undefined ? {} : { note }) };
}

/** What a build gets of them: what was asked for, has a value and was not given by the user. Arguments also have to be declared. */
export function applyAutomatic(
  { args, labels, notes }: AutomaticValues,
  automatic: Automatic,
  given: { readonly buildArgs: Readonly<Record<string, string>>; readonly labels: Readonly<Record<string, string>> },
): AppliedAutomatic {
  const open = (
    entries: readonly AutomaticEntry[],
    names: readonly string[] = [],
    values: Readonly<Record<string, string>>,
  ): AutomaticEntry[] =>
    entries.filter(({ name, isDeclared = true }) => names.includes(name) && isDeclared && !Object.hasOwn(values, name));
  const openArgs = open(args, automatic.args, given.buildArgs);
  const openLabels = open(labels, automatic.labels, given.labels);
  const byNote = new Map<string, string[]>();
  for (const { name, note } of [...openArgs, ...openLabels]) {
    if (note !== undefined) {
      byNote.set(note, [...(byNote.get(note) ?? []), name]);
    }
  }
  const isAny = openArgs.length + openLabels.length > 0;
  return {
    args: valuesOf(openArgs),
    labels: valuesOf(openLabels),
    notes: isAny ? [...notes, ...[...byNote].map(([note, names]) => `${formatList(names)}: ${note}`)] : [],
  };
}

function valuesOf(entries: readonly AutomaticEntry[]): Record<string, string> {
  return Object.fromEntries(entries.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}
