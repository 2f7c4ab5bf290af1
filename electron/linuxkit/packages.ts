/** LinuxKit packages as images to build. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type BuildRequest, buildRequestSchema } from '../../shared/build.ts';
import { formatCount, formatList } from '../../shared/format.ts';
import type { ImageArchives } from '../../shared/image-archives.ts';
import type { Package, PackageOptions } from '../../shared/linuxkit.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { BakeImage, Permission } from '../../shared/recipe.ts';
import { pathInside } from '../context/containerfile.ts';
import { readProjectFile } from '../context/project-file.ts';
import { imageNames } from '../engines/named-images.ts';
import type { ImageStore } from '../images/image-store.ts';
import { findRepository } from '../projects/git-facts.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import { Permissions } from '../recipes/permissions.ts';
import { runGit } from '../system/git.ts';
import { version } from '../system/version.ts';
import { readDockerImages } from './docker-images.ts';
import { expandBuildArg, expandReference, type ReadPackage, readPackage } from './package-tag.ts';

export interface DescribedPackages {
  readonly packages: Package[];
  readonly images: BakeImage[];
  readonly permissions: Permission[];
}

interface Described {
  readonly read: ReadPackage;
  readonly shown: Package;
  readonly image?: BakeImage;
  /** The names of images in its Dockerfile, as they are written. */
  readonly names: readonly string[];
}

/** @throws Failure like {@link readPackage} */
export async function packageTags(
  folders: readonly string[],
  options: PackageOptions,
  signal?: AbortSignal,
): Promise<Package[]> {
  const read = await Promise.all(folders.map((folder) => readPackage(folder, options, signal)));
  return read.map((each) => describe(each, platformsOf(each, options), []));
}

/**
 * @param store where images may be that others are built on
 * @throws Failure like {@link readPackage}; `context.file-missing` without a Dockerfile
 */
export async function describePackages(
  folders: readonly string[],
  options: PackageOptions,
  store: Pick<ImageStore, 'find'>,
  signal?: AbortSignal,
): Promise<DescribedPackages> {
  assertOptions(options);
  const missing: Permission[] = [];
  const all: Described[] = [];
  for (const folder of [...new Set(folders.map((each) => resolve(each)))]) {
    const read = await readPackage(folder, options, signal);
    missing.push(...(await missingPermissions(read, options, signal)));
    all.push(await describePackage(read, options, signal));
  }
  const named = withNames(all);
  const images = await Promise.all(
    named
      .flatMap(({ image, names }) => (image ? [{ image, names }] : []))
      .map(async ({ image, names }) => {
        const depends = dependencies(image, names, named);
        const contexts = options.ignoreCached ? {} : await storedContexts(image, names, depends, store);
        return {
          ...image,
          depends,
          request: { ...image.request, ...(Object.keys(contexts).length > 0 ? { contexts } : {}) },
        };
      }),
  );
  return { packages: all.map(({ shown }) => shown), images, permissions: missing };
}

function assertOptions({
  force,
  pull,
  noBuild,
  push,
  hashCommit,
  release,
  platforms,
  skipPlatforms,
}: PackageOptions): void {
  const conflict = (message: string, fix: string) => fail('input.invalid', message, fix);
  if (hashCommit !== undefined && hashCommit !== 'HEAD') {
    throw conflict(
      'A package is built from the commit that is checked out.',
      'Check out the other commit, and leave out --hash-commit.',
    );
  }
  if (force && (pull || noBuild)) {
    throw conflict(`--force and --${pull ? 'pull' : 'nobuild'} cannot be used together.`, 'Use one of them.');
  }
  if (release !== undefined && !push) {
    throw conflict('A release is made by a push.', 'Add --push, or leave out --release.');
  }
  if (platforms && skipPlatforms.length > 0) {
    throw conflict('--platforms and --skip-platforms cannot be used together.', 'Use one of them.');
  }
}

/** `linux/ARCH` of `arches`. @throws Failure `recipe.invalid` */
function platformsOf(
  { file, folder }: ReadPackage,
  { platforms, skipPlatforms, buildYml }: PackageOptions,
): Platform[] {
  const own = file.arches.map((arch) => {
    const platform = arch.includes('/') ? undefined : parsePlatform(`linux/${arch}`);
    if (platform === undefined) {
      throw fail(
        'recipe.invalid',
        `${join(folder, buildYml)}: "${arch}" is not an architecture.`,
        'Use names such as amd64, arm64 and riscv64.',
      );
    }
    return platform;
  });
  return [...new Set(platforms ?? own.filter((platform) => !skipPlatforms.includes(platform)))];
}

function describe(read: ReadPackage, platforms: readonly Platform[], notes: readonly string[]): Package {
  const { folder, tag, reference, contentTag } = read;
  return { folder, tag, reference, contentTag, platforms: [...platforms], notes: [...contentTag.notes, ...notes] };
}

/** What is outside the repository of the package are files that its author does not have. */
async function missingPermissions(
  { folder, sources, file }: ReadPackage,
  { allow, buildYml, dockerfile = file.dockerfile }: PackageOptions,
  signal: AbortSignal | undefined,
): Promise<readonly Permission[]> {
  const permissions = new Permissions((await findRepository(folder, signal)) ?? folder, allow);
  // links may lead out of the repository, and what they lead to would be sent
  const { fromFile } = file.depends.dockerImages ?? {};
  for (const name of [buildYml, dockerfile, ...(fromFile ? [fromFile] : [])]) {
    permissions.needPath(join(folder, name), `${file.image}: its ${name}`);
  }
  for (const { from } of sources) {
    permissions.needPath(from, `${file.image}: an extra source`);
  }
  return permissions.missing;
}

async function describePackage(read: ReadPackage, options: PackageOptions, signal?: AbortSignal): Promise<Described> {
  const { folder, file, image, reference, rule, contentTag, facts, sources } = read;
  const platforms = platformsOf(read, options);
  const notes: string[] = [];
  if (platforms.length === 0) {
    return { read, shown: describe(read, [], ['It has no architectures to build.']), names: [] };
  }
  const dockerfile = join(folder, options.dockerfile ?? file.dockerfile);
  if (pathInside(folder, dockerfile) === undefined) {
    throw fail(
      'context.file-missing',
      `The Dockerfile ${dockerfile} is outside its package.`,
      'Use one in the folder of the package.',
    );
  }
  const content = await readProjectFile(dockerfile, 'Containerfile');
  if (!content) {
    throw fail('context.file-missing', `The Dockerfile ${dockerfile} does not exist.`, 'Check its name in build.yml.');
  }
  const imageArchives = await archivesOf(read, options, platforms, notes);
  const containerfile = parseContainerfile(content.toString('utf8'));
  const given = Object.fromEntries([
    ...(await buildArgs(file.buildArgs, join(folder, options.buildYml), signal)),
    ...(await filesOfArgs(options.buildArgFiles, signal)),
  ]);
  const preset: Readonly<Record<string, string | undefined>> = {
    SOURCE: file.gitRepo || undefined,
    REVISION: contentTag.isDirty ? undefined : facts?.commit,
    GOPKGVERSION: facts?.goVersion,
    PKG_HASH: contentTag.hash || undefined,
    PKG_IMAGE: image,
  };
  const declared = containerfile.buildArgs.map(({ name }) => name);
  const values = Object.entries(preset).filter(
    ([name, value]) => value !== undefined && declared.includes(name) && !Object.hasOwn(given, name),
  );
  const release = await releaseOf(read, options, notes, signal);
  const request = buildRequestSchema.safeParse({
    context: folder,
    file: dockerfile,
    reference,
    tagByContent: true,
    tagRule: rule,
    platforms,
    sources: sources.length === 0 ? undefined : sources,
    imageArchives,
    buildArgs: { ...Object.fromEntries(values), ...given },
    labels: {
      ...(facts && file.gitRepo ? { 'org.opencontainers.image.source': file.gitRepo } : {}),
      ...(facts && !contentTag.isDirty ? { 'org.opencontainers.image.revision': facts.commit } : {}),
      ...(file.config === undefined ? {} : { 'org.mobyproject.config': file.config }),
      'org.mobyproject.linuxkit.version': `barnraiser-${version}`,
      'org.mobyproject.linuxkit.revision': 'unknown',
    },
    network: (options.network ?? file.network) ? 'default' : 'none',
    noCache: options.disableCache ?? file.disableCache,
    existing: existingOf(options),
    outputs: options.docker ? ['docker-daemon:'] : undefined,
    push: options.push,
    releaseTag: release,
    archTags: options.push && options.archTags ? true : undefined,
  });
  if (!request.success) {
    throw fail('recipe.invalid', `${file.image}: ${z.prettifyError(request.error)}`, 'Correct build.yml.');
  }
  const names = imageNames({
    instructions: containerfile.instructions,
    buildArgs: request.data.buildArgs,
    platform: platforms[0] as Platform,
    nodePlatform: platforms[0] as Platform,
  });
  return {
    read,
    shown: describe(read, platforms, notes),
    image: { name: file.image, request: request.data, depends: {} },
    names,
  };
}

async function archivesOf(
  { folder, file }: ReadPackage,
  { buildYml }: PackageOptions,
  platforms: readonly Platform[],
  notes: string[],
): Promise<ImageArchives | undefined> {
  const { dockerImages } = file.depends;
  const archives = dockerImages && (await readDockerImages(folder, dockerImages, join(folder, buildYml)));
  if (archives) {
    const { images, to } = archives;
    notes.push(
      `${formatCount(images.length, 'docker archive')} will be in its context at ${to}${
        platforms.length > 1 ? ', of images that run on this computer, for all platforms' : ''
      }. Nothing is written into its folder.`,
    );
  }
  return archives;
}

/** What is to be loaded has to be here. */
function existingOf({ force, noBuild, pull, docker }: PackageOptions): NonNullable<BuildRequest['existing']> {
  return force ? 'build' : noBuild ? 'only' : pull || docker ? 'pull' : 'skip';
}

async function buildArgs(lines: readonly string[], anchor: string, signal?: AbortSignal): Promise<[string, string][]> {
  const all = await Promise.all(lines.map((line) => expandBuildArg(line, anchor, signal)));
  return all.flat();
}

/** @throws Failure `input.invalid` */
async function filesOfArgs(paths: readonly string[], signal?: AbortSignal): Promise<[string, string][]> {
  const all: [string, string][] = [];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fail(
        'input.invalid',
        `The file of build arguments ${path} cannot be read.`,
        'Check its path.',
        String(error),
      );
    });
    const lines = text.split('\n').map((line) => line.trim());
    all.push(
      ...(await buildArgs(
        lines.filter((line) => line !== ''),
        path,
        signal,
      )),
    );
  }
  return all.map(([name, value]) => [name.trim(), value.trim()]);
}

/** As LinuxKit does: a push of a commit with a git tag is a release. */
async function releaseOf(
  { folder, contentTag }: ReadPackage,
  { push, release }: PackageOptions,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (!push || release !== undefined || contentTag.isDirty) {
    return release;
  }
  const answer = await runGit(
    folder,
    ['for-each-ref', '--points-at=HEAD', '--format=%(refname:strip=2)', 'refs/tags'],
    { signal },
  );
  const tags = answer.ok ? answer.output.split('\n').filter(Boolean) : [];
  const [only] = tags;
  if (only === undefined) {
    return undefined;
  }
  if (tags.length > 1 || !/^\w[\w.-]{0,127}$/.test(only)) {
    notes.push(
      `The commit has the git tags ${formatList(tags.slice(0, 4))}: no release is made. Choose one with --release.`,
    );
    return undefined;
  }
  notes.push(`The commit has the git tag ${only}: the image is released under this name.`);
  return only;
}

/** Names of images that tell packages apart. */
function withNames(all: readonly Described[]): Described[] {
  const used = new Map<string, number>();
  return all.map((each) => {
    if (!each.image) {
      return each;
    }
    const count = (used.get(each.image.name) ?? 0) + 1;
    used.set(each.image.name, count);
    return count === 1 ? each : { ...each, image: { ...each.image, name: `${each.image.name}-${count}` } };
  });
}

/** The other packages whose images a Dockerfile names, by the name that it uses. */
function dependencies(image: BakeImage, names: readonly string[], all: readonly Described[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const other = all.find(({ read }) => read.reference === expandReference(name))?.image;
    return other && other.name !== image.name ? [[name, other.name] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** The images of local storage that a Dockerfile names, as LinuxKit takes them from its cache. */
async function storedContexts(
  { request }: BakeImage,
  names: readonly string[],
  depends: Readonly<Record<string, string>>,
  store: Pick<ImageStore, 'find'>,
): Promise<Record<string, string>> {
  const contexts: Record<string, string> = {};
  for (const name of names.filter((each) => !Object.hasOwn(depends, each) && !each.includes('@'))) {
    const tagged = /:[^/]+$/.test(name) ? name : `${name}:latest`;
    const candidates = [...new Set([expandReference(tagged), tagged])];
    for (const reference of candidates) {
      const list = await store.find(reference).catch(() => undefined);
      const isWhole = request.platforms?.every((platform) =>
        list?.entries.some((entry) => entry.platform === platform),
      );
      if (list && isWhole && !Object.hasOwn(contexts, name)) {
        contexts[name] = `list:${reference}`;
      }
    }
  }
  return contexts;
}
