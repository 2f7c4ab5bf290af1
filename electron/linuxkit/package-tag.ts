/** The names and tags of LinuxKit packages, and the build arguments that have such tags. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { ContentTag, TagRule } from '../../shared/content-tag.ts';
import { parseReference } from '../../shared/image.ts';
import { type PackageOptions, packageFileName } from '../../shared/linuxkit.ts';
import { fail } from '../../shared/problem.ts';
import { compilePattern } from '../context/pattern.ts';
import { readContentTag, type TagFacts } from '../projects/content-tag.ts';
import { type BuildYml, readBuildYml } from './build-yml.ts';

export type TagOptions = Pick<
  PackageOptions,
  'buildYml' | 'org' | 'hash' | 'hashCommit' | 'hashPath' | 'tag' | 'forceDirty' | 'dev'
>;

/** How packages are read that others name. */
const defaultOptions: TagOptions = { buildYml: packageFileName, forceDirty: false };

export interface ReadPackage {
  /** The real path. */
  readonly folder: string;
  readonly file: BuildYml;
  /** `org/image` */
  readonly image: string;
  /** `org/image:tag`, as LinuxKit shows it. */
  readonly tag: string;
  /** With its registry. */
  readonly reference: string;
  readonly rule: TagRule;
  readonly contentTag: ContentTag;
  readonly facts: TagFacts['facts'];
  /** Folders outside the package, and where their files are in its context. */
  readonly sources: readonly { readonly from: string; readonly to: string }[];
}

/** @throws Failure `recipe.*`, `project.no-git`, `input.invalid`; the reason of the signal */
export async function readPackage(path: string, options: TagOptions, signal?: AbortSignal): Promise<ReadPackage> {
  const folder = await realpath(path).catch(() => resolve(path));
  const file = await readBuildYml(folder, options.buildYml);
  const org = options.org ?? options.dev?.user ?? file.org;
  const image = `${org}/${file.image}`;
  const hash = options.hash || (options.dev ? 'dev' : undefined);
  const rule: TagRule = {
    template: options.tag || file.tag,
    ...(hash === undefined ? {} : { hash }),
    ...(options.hashPath === undefined
      ? {}
      : { folder: await realpath(options.hashPath).catch(() => resolve(options.hashPath ?? '')) }),
    ...(options.forceDirty ? { isDirty: true } : {}),
  };
  const sources = await Promise.all(file.extraSources.map((text) => sourceOf(folder, text)));
  const { facts, ...contentTag } = await readContentTag(
    { folder, sources: sources.map(({ from }) => from), rule, commit: options.hashCommit || undefined },
    { signal },
  );
  const tag = `${image}:${contentTag.tag}`;
  const reference = expandReference(tag);
  const parsed = parseReference(reference);
  if (typeof parsed === 'string') {
    throw fail('input.invalid', parsed, `Correct org and image in ${join(folder, options.buildYml)}.`);
  }
  return { folder, file, image, tag, reference, rule, contentTag, facts, sources };
}

/** `src:dst` @throws Failure `recipe.invalid`, `context.missing` */
async function sourceOf(folder: string, text: string): Promise<{ from: string; to: string }> {
  const [from = '', to = '', ...others] = text.split(':');
  if (from === '' || to === '' || others.length > 0) {
    throw fail('recipe.invalid', `The extra source "${text}" is not SOURCE:DESTINATION.`, 'Correct build.yml.');
  }
  const path = await realpath(resolve(folder, from)).catch(() => undefined);
  if (path === undefined || !(await stat(path)).isDirectory()) {
    throw fail('context.missing', `The extra source ${resolve(folder, from)} is not a folder.`, 'Correct build.yml.');
  }
  return { from: path, to };
}

/** As LinuxKit expands names: those without a registry are of Docker Hub. */
export function expandReference(text: string): string {
  const parts = text.split('/');
  const [first = ''] = parts;
  const isHost = /[.:]/.test(first) || first === 'localhost';
  return parts.length === 1 ? `docker.io/library/${text}` : parts.length === 2 && !isHost ? `docker.io/${text}` : text;
}

const maxPackages = 500;

/**
 * A build argument with the tags of packages in place of `@lkt:pkg:PATH` and `@lkt:pkgs:PATTERN`.
 * @param anchor the file that has it: paths start beside it
 * @throws Failure `recipe.invalid`, and those of {@link readPackage}
 */
export async function expandBuildArg(line: string, anchor: string, signal?: AbortSignal): Promise<[string, string][]> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(line) ?? [];
  if (key === undefined || value === undefined) {
    throw invalidArg(anchor, `The build argument "${line}" is not NAME=VALUE.`);
  }
  if (!value.startsWith('@lkt:')) {
    return [[key, value]];
  }
  const [, kind, path] = /^@lkt:(pkgs?):(.+)$/s.exec(value) ?? [];
  if (kind === undefined || path === undefined) {
    throw invalidArg(anchor, `The build argument ${key} has the value ${value}, which is not known.`);
  }
  const from = isAbsolute(path) ? path : resolve(dirname(anchor), path);
  if (kind === 'pkg') {
    const { tag } = await readPackage(from, defaultOptions, signal);
    return [[key, tag]];
  }
  if (!key.includes('%')) {
    throw invalidArg(anchor, `The build argument ${key} needs a % for the names of the packages.`);
  }
  const folders = await findFolders(from);
  if (folders.length === 0) {
    throw invalidArg(anchor, `No folder is called ${path}, which the build argument ${key} names.`);
  }
  const packages = await Promise.all(folders.map((folder) => readPackage(folder, defaultOptions, signal)));
  return packages.map(({ image, tag }) => [
    key.replaceAll('%', () => image.replaceAll(/[/-]/g, '_').toUpperCase()),
    tag,
  ]);
}

function invalidArg(anchor: string, message: string) {
  return fail(
    'recipe.invalid',
    `${anchor}: ${message}`,
    'Use NAME=VALUE, NAME=@lkt:pkg:FOLDER or NAME_%=@lkt:pkgs:FOLDERS.',
  );
}

/** The folders that a pattern names, without hidden ones. `*`, `?` and `[…]` match within one name. */
async function findFolders(pattern: string): Promise<string[]> {
  let found = [resolve('/')];
  for (const part of resolve(pattern)
    .split(/[/\\]/)
    .filter((name) => name !== '' && !/^[A-Za-z]:$/.test(name))) {
    const matcher = /[*?[]/.test(part) ? compilePattern(part) : undefined;
    const next = await Promise.all(
      found.map(async (folder) => {
        const names = matcher
          ? (await readdir(folder).catch(() => [])).filter((name) => matcher.matches(name))
          : [part];
        return names.sort().map((name) => join(folder, name));
      }),
    );
    found = next.flat();
    if (found.length > maxPackages) {
      throw fail('recipe.invalid', `More than ${maxPackages} folders are called ${pattern}.`, 'Name fewer folders.');
    }
  }
  const isPackage = await Promise.all(
    found.map(async (folder) => !basename(folder).startsWith('.') && (await isFolder(folder))),
  );
  return found.filter((_, index) => isPackage[index]);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
