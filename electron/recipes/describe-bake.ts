/** What the files of a project describe: reads them, chooses targets and makes a request for each. */
import { access, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { buildRequestSchema } from '../../shared/build.ts';
import { isGitUrl } from '../../shared/git-url.ts';
import { parseReference } from '../../shared/image.ts';
import { parseNamedContext } from '../../shared/named-context.ts';
import { withOutputPath } from '../../shared/output.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import {
  type BakeDescription,
  type BakeImage,
  type LeftOut,
  permissionText,
  recipeFileName,
} from '../../shared/recipe.ts';
import { readProjectFile } from '../context/project-file.ts';
import type { Environment, SourceFile } from './bake-file.ts';
import { type Draft, draftOf, type RequestFields, withFields } from './draft.ts';
import { invalidAt } from './located.ts';
import { Permissions, realPath, withHome } from './permissions.ts';
import { parseRecipe, type RecipeFile, recipeDraft, recipeTargets, sharedFields } from './recipe-file.ts';
import { type SelectedTarget, selectTargets } from './select-targets.ts';
import { type BakeConfig, mergeConfigs } from './target.ts';

/** In the order in which they are read; later ones win. */
const defaultFiles = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'docker-bake.json',
  'docker-bake.hcl',
  'docker-bake.override.json',
  'docker-bake.override.hcl',
];

const maxFiles = 50;

export interface BakeOptions {
  /** Where relative paths start, also those in the files. */
  readonly folder: string;
  /** Instead of the files with the usual names. `-`: {@link BakeOptions.standardInput} */
  readonly files?: readonly string[] | undefined;
  readonly standardInput?: string | undefined;
  /** Names of targets and groups. Without them: `default` */
  readonly targets?: readonly string[] | undefined;
  /** Texts of `--set`. */
  readonly overrides?: readonly string[] | undefined;
  /** Texts of `--allow`. */
  readonly allow?: readonly string[] | undefined;
  readonly environment: Environment;
  /** What is kept for the project, below what the files say of an image. */
  readonly settings?: RequestFields | undefined;
  /** What a person chose for all images. */
  readonly flags?: RequestFields | undefined;
  /** Whether the chosen images are pushed. */
  readonly push?: boolean | undefined;
}

export interface Described {
  readonly description: BakeDescription;
  /** As buildx prints it. */
  readonly bake: {
    readonly group: Readonly<Record<string, { readonly targets: readonly string[] }>>;
    readonly target: Readonly<Record<string, unknown>>;
  };
}

/** The recipe of a project folder, if it has one. @throws Failure `recipe.invalid`, `recipe.outside`, `context.unreadable` */
export async function readProjectRecipe(folder: string): Promise<RecipeFile | undefined> {
  const content = await readInside(folder, recipeFileName);
  return content === undefined ? undefined : parseRecipe({ name: recipeFileName, text: content });
}

/** The names of the files that describe the images of a folder, as `describeBake` would read them. */
export async function findBakeFiles(folder: string): Promise<string[]> {
  const names = [recipeFileName, ...defaultFiles];
  const found = await Promise.all(
    names.map((name) =>
      access(join(folder, name)).then(
        () => [name],
        () => [],
      ),
    ),
  );
  return found.flat();
}

/** @throws Failure `recipe.*`, `input.invalid`, `context.*` */
export async function describeBake(options: BakeOptions): Promise<Described> {
  const project = await realFolder(options.folder);
  const permissions = new Permissions(project, options.allow ?? []);
  const leftOut: LeftOut[] = [];
  const asked = new Map<string, boolean>();
  const environment: Environment = (name) => {
    const value = options.environment(name);
    if (!asked.has(name) && asked.size < 1000) {
      asked.set(name, value !== undefined);
    }
    return value;
  };
  const sources = await findSources(project, options, permissions);
  const { config, recipe } = await readSources(sources, {
    project,
    environment,
    permissions,
    leaveOut: (each) => leftOut.push(each),
  });
  const selection = selectTargets(config, options.targets ?? [], options.overrides, environment);
  const drafts = selection.targets.map((target) => {
    const draft = draftOf(target, (each) => leftOut.push(each));
    const own = recipe && recipeDraft(recipe, target.name);
    return own ? { ...own, depends: target.depends, fields: withFields(own.fields, draft.fields) } : draft;
  });
  const shared = withFields(recipe ? sharedFields(recipe.recipe) : {}, options.settings ?? {});
  const images = withPlatforms(
    drafts.map((draft) =>
      finish(draft, {
        project,
        permissions,
        shared,
        kept: options.settings ?? {},
        flags: options.flags ?? {},
        pushes: options.push === true && selection.chosen.includes(draft.name),
        isChosen: selection.chosen.includes(draft.name),
        isOnly: config.targets.size === 1,
      }),
    ),
  );
  return {
    description: {
      project,
      files: sources.map(({ name }) => name),
      groups: [...config.groups.values()].map(({ name, targets }) => ({ name, targets: [...targets] })),
      targets: [...config.targets.keys()],
      images,
      leftOut,
      environment: [...asked].map(([name, isSet]) => ({ name, isSet })),
      permissions: permissions.missing,
    },
    bake: printed(selection.targets, config, options.targets ?? []),
  };
}

export interface BuildSettings {
  /** The options of the recipes, with absolute paths. */
  readonly fields: RequestFields;
  /** Whether `barnraiser.json` has given some of them. */
  readonly isOfProject: boolean;
}

/**
 * The options that a build of a folder begins with: those that are kept in the app before those of `barnraiser.json`, and of its image
 * if it has only one.
 * @param given the names of options that a person gives instead, so that what the recipes say of them needs no permission
 * @throws Failure `recipe.invalid`, `recipe.outside` if they need what is not in the project
 */
export async function buildSettings(
  folder: string,
  kept: RequestFields = {},
  given: readonly string[] = [],
): Promise<BuildSettings> {
  const file = await readProjectRecipe(folder);
  const [only, ...others] = Object.keys(file?.recipe.images ?? {});
  const image = file && only !== undefined && others.length === 0 ? recipeDraft(file, only) : undefined;
  const ofProject = withFields(file ? sharedFields(file.recipe, undefined) : {}, image?.fields ?? {});
  const { push: _, context, ...all } = withFields(ofProject, kept);
  const names = Object.keys(all).filter((name) => !given.includes(name));
  const fields: RequestFields = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  if (names.length === 0) {
    return { fields: {}, isOfProject: false };
  }
  const project = realPath(folder);
  const permissions = new Permissions(project, []);
  const draft: Draft = { name: basename(project), at: { file: recipeFileName, line: 1 }, fields, depends: new Map() };
  const options = { project, permissions, shared: {}, kept, flags: {}, pushes: false, isChosen: true, isOnly: true };
  const { request } = finish(draft, options);
  const [missing] = permissions.missing;
  if (missing && Object.keys(ofProject).length > 0) {
    throw fail(
      'recipe.outside',
      `The recipe of ${project} needs what is not in the project: ${permissions.missing.map(permissionText).join(', ')}.`,
      'Leave the recipe out, and give these options yourself if you trust them.',
    );
  }
  const chosen = Object.entries(request).filter(([name]) => names.includes(name));
  return { fields: Object.fromEntries(chosen), isOfProject: Object.keys(ofProject).length > 0 };
}

/** @throws Failure `recipe.outside` that names what is missing */
export function assertAllowed({ permissions }: BakeDescription): void {
  const [first] = permissions;
  if (first) {
    throw fail(
      'recipe.outside',
      `The files of the project need what is not in the project: ${permissions.map(permissionText).join(', ')}.`,
      `If you trust them, allow it: ${permissions.map((each) => `--allow ${permissionText(each)}`).join(' ')}`,
      permissions.map(({ reason }) => reason).join('\n'),
    );
  }
}

async function realFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw fail('context.missing', `The folder ${path} does not exist.`, 'Choose the folder of the project.');
  }
  return realPath(path);
}

/** The content of a file of the project. @throws Failure `recipe.outside` for a link that leads out of it */
async function readInside(project: string, name: string, permissions?: Permissions): Promise<string | undefined> {
  const path = resolve(project, name);
  const real = realPath(path);
  if (!(permissions ?? new Permissions(realPath(project), [])).isAllowed(real)) {
    throw fail(
      'recipe.outside',
      `${name} is ${real}, which is not in the project.`,
      `If you trust it, allow it: --allow fs.read=${real}`,
    );
  }
  return (await readProjectFile(path, 'recipe'))?.toString('utf8');
}

async function findSources(project: string, options: BakeOptions, permissions: Permissions): Promise<SourceFile[]> {
  const { files = [], standardInput } = options;
  if (files.length > maxFiles) {
    throw fail('input.invalid', `There are ${files.length} files, but ${maxFiles} are read at most.`, 'Join them.');
  }
  if (files.length > 0) {
    return Promise.all(
      files.map(async (file) => {
        const text =
          file === '-'
            ? (standardInput ?? '')
            : (await readProjectFile(resolve(project, file), 'recipe'))?.toString('utf8');
        if (text === undefined) {
          throw fail('recipe.missing', `There is no file ${file}.`, 'Check what follows -f.');
        }
        return { name: file === '-' ? 'standard input' : shownPath(project, resolve(project, file)), text };
      }),
    );
  }
  const found = await Promise.all(
    [recipeFileName, ...defaultFiles].map(async (name) => {
      const text = await readInside(project, name, permissions);
      return text === undefined ? [] : [{ name, text }];
    }),
  );
  const sources = found.flat();
  if (sources.length === 0) {
    throw fail(
      'recipe.missing',
      `${project} has no recipe, bake file or compose file.`,
      `Name a file with -f, or write ${recipeFileName}.`,
    );
  }
  const [first] = sources;
  const isWhole = first?.name === recipeFileName && parseRecipe(first).recipe.images !== undefined;
  return isWhole ? [first] : sources;
}

function shownPath(project: string, path: string): string {
  const name = relative(project, path);
  return name.startsWith('..') ? path : name.replaceAll(sep, '/');
}

interface ReadOptions {
  readonly project: string;
  readonly environment: Environment;
  readonly permissions: Permissions;
  readonly leaveOut: (leftOut: LeftOut) => void;
}

async function readSources(
  sources: readonly SourceFile[],
  options: ReadOptions,
): Promise<{ config: BakeConfig; recipe?: RecipeFile }> {
  const recipes = sources.filter((source) => kindOf(source) === 'recipe').map(parseRecipe);
  const [recipe, second] = recipes;
  if (second) {
    throw fail('recipe.invalid', 'There are two recipes.', 'Name one.');
  }
  const compose = sources.filter((source) => kindOf(source) === 'compose');
  const bake = sources.filter((source) => kindOf(source) === 'bake');
  const configs: BakeConfig[] = recipe?.recipe.images ? [recipeTargets(recipe)] : [];
  if (compose.length > 0) {
    configs.push(await readCompose(compose, options));
  }
  if (bake.length > 0) {
    const [{ HclSyntax }, { readBakeFiles }] = await Promise.all([import('./hcl/syntax.ts'), import('./bake-file.ts')]);
    const syntax = await HclSyntax.load();
    try {
      configs.push(readBakeFiles(bake, syntax, options.environment));
    } finally {
      syntax.close();
    }
  }
  return { config: mergeConfigs(configs), ...(recipe ? { recipe } : {}) };
}

async function readCompose(
  files: readonly SourceFile[],
  { project, environment, permissions, leaveOut }: ReadOptions,
): Promise<BakeConfig> {
  const [{ readComposeFiles }, { parseEnvFile }] = await Promise.all([
    import('./compose-file.ts'),
    import('./interpolate.ts'),
  ]);
  const text = await readInside(project, '.env', permissions);
  const ofFile = text === undefined ? new Map<string, string>() : parseEnvFile(text, '.env', environment);
  return readComposeFiles(files, {
    environment: (name) => environment(name) ?? ofFile.get(name),
    readFile: async (path) => {
      const content = await readInside(project, path, permissions);
      if (content === undefined) {
        throw fail('recipe.missing', `There is no file ${path}.`, 'Check what the service extends.');
      }
      return { name: posix.normalize(path), text: content };
    },
    leaveOut,
  });
}

function kindOf({ name, text }: SourceFile): 'recipe' | 'compose' | 'bake' {
  const file = basename(name).toLowerCase();
  if (file.endsWith('.hcl')) {
    return 'bake';
  }
  if (/\.ya?ml$/.test(file)) {
    return 'compose';
  }
  const isJson = file.endsWith('.json') || text.trimStart().startsWith('{');
  if (isJson) {
    return file === recipeFileName || /"\$schema"\s*:\s*"[^"]*barnraiser/.test(text) ? 'recipe' : 'bake';
  }
  return /^(services|name|version|x-[\w-]+)\s*:/m.test(text) ? 'compose' : 'bake';
}

interface FinishOptions {
  readonly project: string;
  readonly permissions: Permissions;
  readonly shared: RequestFields;
  /** What a person chose, which needs no permission: for the project, and for this bake. */
  readonly kept: RequestFields;
  readonly flags: RequestFields;
  readonly pushes: boolean;
  /** Others are only built for those that depend on them. */
  readonly isChosen: boolean;
  /** The project has no other image. */
  readonly isOnly: boolean;
}

/** Resolves paths, notes what is not in the project, and validates the request. */
function finish(
  draft: Draft,
  { project, permissions, shared, kept, flags, pushes, isChosen, isOnly }: FinishOptions,
): BakeImage {
  const { push, ...fields } = withFields(withFields(shared, draft.fields), flags);
  const context = contextPath(project, fields.context ?? '.');
  const read = (path: string, what: string): string => {
    permissions.needPath(path, `${draft.name}: ${what}`);
    return path;
  };
  const inContext = (path: string, what: string): string =>
    isRemote(context) && !isAbsolute(withHome(path)) ? path : read(resolve(context, withHome(path)), what);
  const inProject = (path: string, what: string): string => read(resolve(project, withHome(path)), what);
  if (!isRemote(context)) {
    read(context, 'its context');
  }
  if (fields.network === 'host') {
    permissions.need('network.host', `${draft.name}: its steps use the network of the node`);
  }
  if (fields.ssh && fields.ssh.length > 0) {
    permissions.need('ssh', `${draft.name}: it uses your SSH agent or keys`);
  }
  const ofProject = withFields(shared, draft.fields);
  for (const { id, source } of ofProject.secrets ?? []) {
    if (source.kind === 'env') {
      permissions.needVariable(source.name, `${draft.name}: the value of its secret ${id}`);
    }
  }
  const signsWithOwnKey = fields.sign === true && ofProject.signKey === undefined;
  if (signsWithOwnKey && flags.sign === undefined && kept.sign === undefined) {
    permissions.need('sign', `${draft.name}: it is signed with your key`);
  }
  const reference = fields.reference ?? defaultReference(project, draft.name, isOnly);
  const request = {
    ...fields,
    context,
    reference,
    file:
      fields.containerfile === undefined && fields.file !== undefined
        ? inContext(fields.file, 'its Containerfile')
        : undefined,
    files: fields.files?.map((file) => inContext(file, 'a Containerfile')),
    filesFor: mapValues(fields.filesFor, (file) => inContext(file, 'a Containerfile')),
    sources: fields.sources?.map(({ from, to }) => ({ from: inProject(from, 'a folder of its context'), to })),
    contexts: mapValues(fields.contexts, (value, name) =>
      namedContext(name, value, (path) => inProject(path, 'an additional context')),
    ),
    secrets: fields.secrets?.map(({ id, source }) => ({
      id,
      source: source.kind === 'file' ? { ...source, path: inProject(source.path, `the secret ${id}`) } : source,
    })),
    ssh: fields.ssh?.map(({ id, source }) => ({
      id,
      source:
        source.kind === 'keys'
          ? { ...source, paths: source.paths.map((path) => resolve(project, withHome(path))) }
          : source,
    })),
    // one that a person gives is not in the files of the project
    signKey:
      ofProject.signKey !== undefined && ofProject.signKey === fields.signKey
        ? inProject(ofProject.signKey, 'the key that signs it')
        : fields.signKey,
    outputs: isChosen
      ? fields.outputs?.map((text) =>
          withOutputPath(text, (path) => {
            const target = resolve(project, withHome(path));
            permissions.needTarget(target, `${draft.name}: the output ${text}`);
            return target;
          }),
        )
      : undefined,
    push: pushes ? (push ?? {}) : undefined,
  };
  const result = buildRequestSchema.safeParse(request);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalidAt(draft.at, `${draft.name}: ${issue ? z.prettifyError({ issues: [issue] }) : 'it is not valid'}`);
  }
  if (pushes) {
    assertPushable(draft.name, result.data.push?.destination ?? reference);
  }
  return {
    name: draft.name,
    ...(draft.description === undefined ? {} : { description: draft.description }),
    request: result.data,
    depends: Object.fromEntries(draft.depends),
  };
}

function assertPushable(name: string, destination: string): void {
  const parsed = parseReference(destination);
  if (typeof parsed === 'object' && parsed.registry === undefined) {
    throw fail(
      'reference.no-registry',
      `${name}: "${destination}" names no registry to push to.`,
      'Put the registry into its name.',
    );
  }
}

/** Addresses of repositories and archives, which the build fetches. All else is a path for the build, too. */
function isRemote(text: string): boolean {
  return /^https?:\/\//.test(text) || (isGitUrl(text) && !/^file:/i.test(text));
}

function contextPath(project: string, text: string): string {
  return isRemote(text) ? text : resolve(project, withHome(text.replace(/^cwd:\/\//, '') || '.'));
}

/** Folders become absolute; images and addresses stay. @throws Failure `input.invalid` */
function namedContext(name: string, text: string, read: (path: string) => string): string {
  if (isRemote(text)) {
    return text;
  }
  const value = parseNamedContext(name, text.replace(/^cwd:\/\//, '') || '.');
  switch (value.kind) {
    case 'folder':
    case 'git':
      return read(value.source);
    case 'layout':
      return `oci-layout://${read(value.path)}${text.slice('oci-layout://'.length + value.path.length)}`;
    default:
      return text;
  }
}

function mapValues<V>(
  values: Readonly<Record<string, V>> | undefined,
  change: (value: V, key: string) => V,
): Record<string, V> | undefined {
  return values && Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value, key)]));
}

function defaultReference(project: string, name: string, isOnly: boolean): string {
  const slug = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'image';
  return `${slug(basename(project))}${isOnly && name === 'default' ? '' : `-${slug(name)}`}:latest`;
}

/** An image is built for the platforms of those that depend on it, where it names none; and they for its. */
function withPlatforms(images: readonly BakeImage[]): BakeImage[] {
  const platforms = new Map<string, readonly Platform[] | undefined>(
    images.map(({ name, request }) => [name, request.platforms]),
  );
  for (const { name, depends } of [...images].reverse()) {
    for (const base of Object.values(depends)) {
      const own = images.find((image) => image.name === base)?.request.platforms;
      const wanted = platforms.get(name);
      if (own === undefined && wanted) {
        platforms.set(base, [...new Set([...(platforms.get(base) ?? []), ...wanted])]);
      }
    }
  }
  for (const { name, depends } of images) {
    for (const base of Object.values(depends)) {
      const available = platforms.get(base);
      const wanted = platforms.get(name);
      const lacking = available && wanted?.find((platform) => !available.includes(platform));
      if (lacking) {
        throw fail(
          'recipe.invalid',
          `${name} is built for ${lacking}, but ${base}, which it depends on, is not.`,
          `Add ${lacking} to the platforms of ${base}.`,
        );
      }
      platforms.set(name, wanted ?? available);
    }
  }
  return images.map((image) => {
    const chosen = platforms.get(image.name);
    return chosen ? { ...image, request: { ...image.request, platforms: [...chosen] } } : image;
  });
}

/** The targets as `docker buildx bake --print` shows them. */
function printed(targets: readonly SelectedTarget[], config: BakeConfig, names: readonly string[]): Described['bake'] {
  const chosen = names.length === 0 ? ['default'] : names;
  const groups = new Map<string, { targets: readonly string[] }>();
  const addGroup = (name: string): void => {
    const group = config.groups.get(name);
    if (group && !groups.has(name)) {
      groups.set(name, { targets: group.targets });
      group.targets.forEach(addGroup);
    }
  };
  chosen.forEach(addGroup);
  const others = chosen.filter((name) => name !== 'default' || !config.groups.has('default'));
  if (others.length > 0) {
    groups.set('default', { targets: [...new Set([...(groups.get('default')?.targets ?? []), ...others])].sort() });
  }
  return {
    group: Object.fromEntries(groups),
    target: Object.fromEntries(targets.map((target) => [target.name, printedTarget(target)])),
  };
}

function printedTarget({ fields }: SelectedTarget): Record<string, unknown> {
  const entries = [...fields]
    .filter(([name]) => name !== 'description')
    .map(([name, { value }]) => [name, value instanceof Map ? Object.fromEntries(value) : value] as const);
  return { context: '.', dockerfile: 'Dockerfile', ...Object.fromEntries(entries) };
}
