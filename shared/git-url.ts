/**
 * The URLs of git repositories that docker, buildx and podman accept as a build context. Source: moby/buildkit, util/gitutil and
 * frontend/dockerfile/dfgitutil.
 */
import { fail } from './failure.ts';

/** A folder of a commit of a repository. */
export interface GitSource {
  /** What git is given, without a login. */
  readonly remote: string;
  /** A login that the URL named. It is never kept. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The last part of the path. */
  readonly name: string;
  /** A branch, a tag, a full reference or a whole commit id. Without it: the default branch. */
  readonly ref?: string;
  /** The commit that the reference must be at, or that is built without a reference: an id or the start of one. */
  readonly commit?: string;
  /** Relative to the root of the repository; empty for the root. */
  readonly folder: string;
  readonly submodules: boolean;
}

const schemePattern = /^([a-z0-9]+):\/\//i;
const scpPattern = /^([\w-]+@[A-Za-z0-9.-]+):([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
const schemes = ['https', 'http', 'ssh', 'git', 'file'];
const example = 'Write it as https://host/repository.git#branch:folder or git@host:repository.git#branch:folder.';

/** Does a context name a git repository? A path on this computer never does, because such paths are absolute. */
export function isGitUrl(text: string): boolean {
  const scheme = schemePattern.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    return scpPattern.test(text) || text.startsWith('github.com/');
  }
  return schemes.includes(scheme) && (!/^https?$/.test(scheme) || /^[^?#]*\.git\/?(?:[?#]|$)/.test(text));
}

/** @param text one that {@link isGitUrl} accepts. @throws Failure `input.invalid` */
export function parseGitUrl(text: string): GitSource {
  const scp = schemePattern.test(text) ? undefined : scpPattern.exec(text);
  if (scp) {
    const [, host = '', path = '', query = '', fragment = ''] = scp;
    return withOptions(text, { remote: `${host}:${path}`, path, query, fragment });
  }
  const url = tryParse(text.startsWith('github.com/') ? `https://${text}` : text);
  if (!url) {
    throw invalid(text, 'it is not a valid URL', example);
  }
  const { username, password, search, hash, pathname: path } = url;
  const isWeb = /^https?:$/.test(url.protocol);
  const login =
    isWeb && (username || password) ? { credentials: { username: decode(username), password: decode(password) } } : {};
  const parts = { remote: originOf(url) + path, path, query: search.slice(1), fragment: decode(hash.slice(1)) };
  return { ...withOptions(text, parts), ...login };
}

/** The URL without a login, which may be shown and kept. Any other text stays as it is. */
export function withoutLogin(text: string): string {
  const url = schemePattern.test(text) ? tryParse(text) : undefined;
  return url && (url.username || url.password)
    ? originOf(url) + url.pathname + url.search + url.hash
    : text.replace(/^([a-z0-9]+:\/\/)[^/?#]*:[^/?#]*@/i, '$1');
}

/** The name of a user is a part of an SSH URL, and a secret in others. */
function originOf({ protocol, username, host }: URL): string {
  return `${protocol}//${protocol === 'ssh:' && username ? `${username}@` : ''}${host}`;
}

/** What a project is called: the folder of a repository, or the last part of a path or URL. */
export function contextName(context: string): string {
  const url = isGitUrl(context) ? context.replace(/\?[^#]*/, '') : undefined;
  const [path = '', fragment = ''] = url?.split('#', 2) ?? [context];
  const folder = fragment.slice(fragment.indexOf(':') + 1 || fragment.length);
  const last = (text: string): string | undefined => text.split(/[/\\:]/).findLast((part) => part !== '');
  const name = last(folder) ?? last(path) ?? context;
  return url === undefined ? name : name.replace(/\.git$/, '');
}

/** The source whatever its commit is: what caches of a project are kept under. */
export function gitProject({ remote, folder }: GitSource): string {
  return folder === '' ? remote : `${remote}#:${folder}`;
}

export const wholeCommit = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

interface UrlParts {
  readonly remote: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

function withOptions(text: string, { remote, path, query, fragment }: UrlParts): GitSource {
  const options = readQuery(text, query);
  const colon = fragment.indexOf(':');
  const ref = oneOf(text, 'reference', [
    colon < 0 ? fragment : fragment.slice(0, colon),
    options.ref ?? '',
    options.tag === undefined ? '' : full('refs/tags/', options.tag),
    options.branch === undefined ? '' : full('refs/heads/', options.branch),
  ]);
  const folder = cleanFolder(
    text,
    oneOf(text, 'folder', [colon < 0 ? '' : fragment.slice(colon + 1), options.subdir ?? '']),
  );
  const commit = oneOf(text, 'commit', [options.commit ?? '', options.checksum ?? '']).toLowerCase();
  if (/[\0-\x20\x7f~^:?*[\\]|\.\.|^-|@\{|\.lock$|\/$/.test(ref)) {
    throw invalid(text, `"${ref}" is not the name of a branch, a tag or a commit`, example);
  }
  if (commit !== '' && !/^[0-9a-f]{7,64}$/.test(commit)) {
    throw invalid(text, 'its commit is not a commit id', 'Write the id in hexadecimal digits.');
  }
  if (commit !== '' && ref === '' && !wholeCommit.test(commit)) {
    throw invalid(text, 'its commit is not a whole commit id', 'Write all 40 digits, or add the branch.');
  }
  if (path.replace(/\/+$/, '') === '') {
    throw invalid(text, 'it names no repository', example);
  }
  return {
    remote,
    name: (path.replace(/\/+$/, '').split(/[/:]/).at(-1) ?? '').replace(/\.git$/, ''),
    ...(ref === '' ? {} : { ref }),
    ...(commit === '' ? {} : { commit }),
    folder,
    submodules: options.submodules === undefined || isTrue(text, 'submodules', options.submodules),
  };
}

const keys = ['ref', 'tag', 'branch', 'subdir', 'commit', 'checksum', 'submodules'] as const;
type Key = (typeof keys)[number];

function readQuery(text: string, query: string): { readonly [K in Key]?: string } {
  const found: { [K in Key]?: string } = {};
  for (const [name, value] of tryParse(`query:?${query}`)?.searchParams ?? []) {
    const key = keys.find((each) => each === name);
    if (!key) {
      throw invalid(text, `"${name}" is not an option of a git URL`, `Use ${keys.join(', ')}.`);
    }
    if (found[key] !== undefined || (value === '' && key !== 'submodules')) {
      throw invalid(text, `its option ${key} needs one value`, `Write ${key}=VALUE once.`);
    }
    found[key] = value;
  }
  return found;
}

function oneOf(text: string, what: string, given: readonly string[]): string {
  const [first = '', ...others] = [...new Set(given.filter((value) => value !== ''))];
  if (others.length > 0) {
    throw invalid(text, `it names more than one ${what}: ${[first, ...others].join(', ')}`, 'Use only one of them.');
  }
  return first;
}

function full(prefix: string, name: string): string {
  return name.startsWith(prefix) ? name : `${prefix}${name}`;
}

function isTrue(text: string, name: string, value: string): boolean {
  if (!/^(?:|1|0|t|f|true|false)$/i.test(value)) {
    throw invalid(text, `its option ${name} is neither true nor false`, `Write ${name}=true or ${name}=false.`);
  }
  return !/^(?:0|f|false)$/i.test(value);
}

function cleanFolder(text: string, folder: string): string {
  const names = folder.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..') || /[\0\\]/.test(folder)) {
    throw invalid(text, `its folder ${folder} is not inside the repository`, 'Name a folder of the repository.');
  }
  return names.join('/');
}

function tryParse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invalid(text: string, reason: string, fix: string): Error {
  return fail('input.invalid', `The git URL ${withoutLogin(text)} cannot be used: ${reason}.`, fix);
}
