/** How podman and docker are asked for the options of a build, from the table of options. */
import type { BuildRequest } from '../../../shared/build.ts';
import {
  isChanged,
  optionRow,
  type RequestOptionName,
  requestOptionNames,
  supportOf,
} from '../../../shared/build-options.ts';
import { type BuildSecret, type BuildSsh, formatSecret, formatSsh } from '../../../shared/build-secrets.ts';
import { bytesText } from '../../../shared/option-text.ts';
import { shellWord } from './shell-word.ts';

export type Program = 'podman' | 'docker';

/** The words of a command, as a shell reads them, and what they do not say, in sentences. */
export interface Words {
  readonly words: readonly string[];
  readonly notes: readonly string[];
}

/** Where a command runs. */
export interface WordContext {
  readonly program: Program;
  /** A path of this computer as it is there. Undefined if it is not there. */
  readonly pathOf: (path: string) => string | undefined;
  /** Words for the values of some build arguments and labels, by their names: `"$GITHUB_SHA"`. */
  readonly values?: Readonly<Record<string, string>>;
  /** Whether secrets come from the variables of a job. */
  readonly isJob?: boolean;
}

/** What is said by the commands around the options: the files, and how the image is named, pushed and written. */
const elsewhere: ReadonlySet<RequestOptionName> = new Set(['file', 'files', 'filesFor', 'outputs']);

export function optionWords(request: BuildRequest, context: WordContext): Words {
  const parts = requestOptionNames
    .filter((name) => !elsewhere.has(name) && isChanged(name, request[name]))
    .map((name) => wordsOf(name, request[name], context));
  return { words: parts.flatMap(({ words }) => words), notes: [...new Set(parts.flatMap(({ notes }) => notes))] };
}

function wordsOf(name: RequestOptionName, value: unknown, context: WordContext): Words {
  const { program } = context;
  const row = optionRow(name);
  const flag = flagOf(name, program);
  const own = ownWords[name];
  if (flag !== undefined && own) {
    return own(flag, value, context);
  }
  const support = supportOf(name, program);
  if (flag === undefined || 'no' in support) {
    const reason = 'no' in support ? `: ${support.no}` : '';
    return { words: [], notes: [`${program} has no option for the ${row.name}${reason}.`] };
  }
  return { words: valuesOf(name, value, context).map((each) => joined(flag, each)), notes: [] };
}

/** The flag of a program, with what comes before each of its values: `--annotation index:`. */
function flagOf(name: RequestOptionName, program: Program): string | undefined {
  const row = optionRow(name);
  const there = row.elsewhere?.[program];
  const long = /--[\w-]+/.exec(row.flag ?? '')?.[0];
  return there === false ? undefined : (there ?? long);
}

/** @param value as a shell reads it; undefined for a switch that is on */
function joined(flag: string, value: string | undefined): string {
  const [start = '', prefix] = flag.split(' ');
  if (value === undefined) {
    return start;
  }
  const before = prefix === undefined ? '' : /[:=]$/.test(prefix) ? prefix : `${prefix}=`;
  return `${start}=${before}${value}`;
}

/** The values of an option, as a shell reads them. A switch has one that is undefined if its flag says all. */
function valuesOf(name: RequestOptionName, value: unknown, { values = {} }: WordContext): (string | undefined)[] {
  const { kind, flag = '' } = optionRow(name);
  switch (kind) {
    case 'switch':
      return [value === true || flag.startsWith('--no-') ? undefined : 'false'];
    case 'bytes':
      return [typeof value === 'number' ? bytesText(value) : String(value)];
    case 'list':
      return Array.isArray(value) ? value.map((each) => shellWord(String(each))) : [];
    case 'pairs':
      return Object.entries(value ?? {}).map(([key, each]) =>
        Object.hasOwn(values, key) ? `${shellWord(key)}=${values[key]}` : shellWord(`${key}=${each}`),
      );
    default:
      return [shellWord(String(value))];
  }
}

/** Options that programs write in forms of their own. */
const ownWords: { readonly [N in RequestOptionName]?: (flag: string, value: unknown, context: WordContext) => Words } =
  {
    pull: (flag, value, { program }) => pullWords(flag, String(value), program),
    // in requests to podman, squashing takes the base image, too
    squash: () => ({ words: ['--squash-all'], notes: [] }),
    cacheFrom: cacheWords,
    cacheTo: cacheWords,
    contexts: (flag, value, context) => contextWords(flag, value as NonNullable<BuildRequest['contexts']>, context),
    secrets: (flag, value, context) => secretWords(flag, value as readonly BuildSecret[], context),
    ssh: (flag, value, context) => sshWords(flag, value as readonly BuildSsh[], context),
  };

function pullWords(flag: string, value: string, program: Program): Words {
  if (program === 'podman') {
    return { words: [`${flag}=${value}`], notes: [] };
  }
  return value === 'never'
    ? { words: [], notes: ['docker has no pull policy "never": it looks up every base image in its registry.'] }
    : { words: [flag], notes: [] };
}

const cacheNote = 'Here each platform has a cache of its own, whose tag ends with the platform.';

/** podman names a repository, buildx a cache with its type. */
function cacheWords(flag: string, value: unknown, { program }: WordContext): Words {
  const caches = Array.isArray(value) ? value.map(String) : [];
  const known = caches.map((cache) => {
    const isTyped = /^type=/.test(cache);
    if (program === 'docker') {
      return isTyped ? cache : `type=registry,ref=${cache}`;
    }
    const repository = isTyped
      ? /(?:^|,)type=registry(?:,|$)/.test(cache) && /(?:^|,)ref=([^,]+)/.exec(cache)?.[1]
      : cache;
    // podman has many images in the repository of a cache, and names them itself
    return repository ? repository.replace(/:[^:/]+$/, '') : undefined;
  });
  const words = known.flatMap((cache) => (cache === undefined ? [] : [joined(flag, shellWord(cache))]));
  const unknown = caches.filter((_, index) => known[index] === undefined);
  return {
    words,
    notes: [
      ...(words.length > 0 && program === 'docker' ? [cacheNote] : []),
      ...unknown.map((cache) => `podman keeps caches only in registries, so not in ${cache}.`),
    ],
  };
}

function contextWords(flag: string, contexts: Readonly<Record<string, string>>, { pathOf }: WordContext): Words {
  const parts = Object.entries(contexts).map(([name, value]): Words => {
    if (/^(?:build|list):/.test(value)) {
      return {
        words: [],
        notes: [
          `The build context ${name} is an image of Barnraiser's local storage: push it, and use docker-image://.`,
        ],
      };
    }
    const layout = /^oci-layout:\/\/(.*)$/s.exec(value)?.[1];
    const path = layout ?? (/^[a-z][a-z0-9+.-]*:\/\/|^git@/.test(value) ? undefined : value);
    if (path === undefined) {
      return { words: [joined(flag, shellWord(`${name}=${value}`))], notes: [] };
    }
    const there = pathOf(path);
    return there === undefined
      ? { words: [], notes: [`The build context ${name} is a folder that is not there: ${path}.`] }
      : {
          words: [joined(flag, shellWord(`${name}=${layout === undefined ? '' : 'oci-layout://'}${there}`))],
          notes: [],
        };
  });
  return { words: parts.flatMap(({ words }) => words), notes: parts.flatMap(({ notes }) => notes) };
}

/** The variable that stands for a secret whose value is in no variable yet. */
export function secretVariable({ id, source }: BuildSecret): string {
  // a project may name any, which a job would read as more than a name
  return (source.kind === 'env' ? source.name : id.toUpperCase())
    .replaceAll(/[^A-Za-z0-9]/g, '_')
    .replace(/^(?=\d|$)/, 'SECRET_');
}

/** Secrets are named, never written. */
function secretWords(flag: string, secrets: readonly BuildSecret[], { isJob = false }: WordContext): Words {
  const words = secrets.map((secret) => {
    const isKept = secret.source.kind !== 'typed' && !isJob;
    const named: BuildSecret = { id: secret.id, source: { kind: 'env', name: secretVariable(secret) } };
    return joined(flag, shellWord(formatSecret(isKept ? secret : named)));
  });
  const typed = secrets.filter(({ source }) => source.kind === 'typed').map(secretVariable);
  return {
    words,
    notes: isJob
      ? [`Give the values of the secrets in the variables ${secrets.map(secretVariable).join(', ')}.`]
      : typed.length > 0
        ? [`Put what you typed into the environment first: ${typed.join(', ')}.`]
        : [],
  };
}

function sshWords(flag: string, all: readonly BuildSsh[], { isJob = false }: WordContext): Words {
  const words = all.map((ssh) => joined(flag, shellWord(isJob ? ssh.id : formatSsh(ssh))));
  return { words, notes: isJob ? ['Start an SSH agent with the keys of the build before it.'] : [] };
}
