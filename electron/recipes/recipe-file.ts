/** Recipes of projects: `barnraiser.json`, and what the app keeps for a project. */
import type { z } from 'zod';
import { closest } from '../../shared/closest.ts';
import { type Recipe, type RecipeImage, recipeFileName, recipeSchema, recipeVersion } from '../../shared/recipe.ts';
import type { SourceFile } from './bake-file.ts';
import { type Draft, type RequestFields, secretOf, sshOf } from './draft.ts';
import type { JsonNode } from './hcl/syntax.ts';
import { invalidAt, type Location } from './located.ts';
import { parseLocated } from './located-json.ts';
import type { BakeConfig, Target } from './target.ts';

export interface RecipeFile {
  readonly recipe: Recipe;
  /** Where a field is: its path, or the nearest that is there. */
  readonly locate: (path: readonly PropertyKey[]) => Location;
}

/** @throws Failure `recipe.invalid` with the line */
export function parseRecipe({ name, text }: SourceFile): RecipeFile {
  const root = parseLocated(text.replace(/^\uFEFF/, ''), name, 'JSON');
  const locate = (path: readonly PropertyKey[]): Location => nodeAt(root, path).at;
  const json = plainOf(root);
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined;
  if (typeof version === 'number' && version > recipeVersion) {
    throw invalidAt(
      locate(['version']),
      `A newer Barnraiser has written this file (version ${version}).`,
      'Update Barnraiser.',
    );
  }
  const result = recipeSchema.safeParse(json);
  if (!result.success) {
    throw problemOf(result.error.issues, locate);
  }
  return { recipe: result.data, locate };
}

function problemOf(issues: readonly z.core.$ZodIssue[], locate: RecipeFile['locate']): Error {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') {
    const [key = ''] = unknown.keys;
    const isImage = unknown.path[0] === 'images' && unknown.path.length === 2;
    const known = Object.keys((isImage ? recipeImageShape() : recipeSchema.shape) satisfies object);
    const meant = closest(key, known);
    return invalidAt(
      locate([...unknown.path, key]),
      `${isImage ? 'An image of a recipe' : 'A recipe'} has no field "${key}".`,
      meant === undefined
        ? `Its fields are ${known.filter((name) => !name.startsWith('$')).join(', ')}.`
        : `Did you mean ${meant}?`,
    );
  }
  const [issue] = issues;
  const path = (issue?.path ?? []).map(String);
  const field = path.at(-1) ?? '';
  return invalidAt(
    locate(path),
    field === 'version' && path.length === 1
      ? `The version of a recipe is ${recipeVersion}.`
      : `${path.join('.')}: ${issue?.message ?? 'it is not valid'}`,
  );
}

function recipeImageShape(): object {
  return recipeSchema.shape.images.unwrap().valueType.shape;
}

function nodeAt(root: JsonNode, path: readonly PropertyKey[]): JsonNode {
  let node = root;
  for (const key of path) {
    const next =
      node.kind === 'object'
        ? node.entries.find(([name]) => name === String(key))?.[1]
        : node.kind === 'list'
          ? node.items[Number(key)]
          : undefined;
    if (!next) {
      break;
    }
    node = next;
  }
  return node;
}

function plainOf(node: JsonNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'object':
      return Object.fromEntries(node.entries.map(([key, value]) => [key, plainOf(value)]));
  }
}

/** The images of a recipe as targets that depend on each other. Everything else is in their drafts. */
export function recipeTargets({ recipe, locate }: RecipeFile): BakeConfig {
  const images = Object.entries(recipe.images ?? {});
  const targets = images.map(([name, { depends = {} }]): [string, Target] => {
    const at = locate(['images', name]);
    const contexts = new Map(Object.entries(depends).map(([context, image]) => [context, `target:${image}`]));
    const dependsAt = locate(['images', name, 'depends']);
    return [
      name,
      { name, at, fields: new Map(contexts.size === 0 ? [] : [['contexts', { value: contexts, at: dependsAt }]]) },
    ];
  });
  const groups = Object.entries(recipe.groups ?? {}).map(([name, members]) => ({ name, targets: members }));
  const all =
    groups.some(({ name }) => name === 'default') || targets.some(([name]) => name === 'default')
      ? groups
      : [...groups, { name: 'default', targets: targets.map(([name]) => name) }];
  return { targets: new Map(targets), groups: new Map(all.map((group) => [group.name, group])) };
}

/** The draft of an image, without what the recipe says for all. */
export function recipeDraft({ recipe, locate }: RecipeFile, name: string): Draft | undefined {
  const image = recipe.images && Object.hasOwn(recipe.images, name) ? recipe.images[name] : undefined;
  if (!image) {
    return undefined;
  }
  const at = locate(['images', name]);
  const { description, depends = {}, ...settings } = image;
  return { name, at, description, fields: recipeFields(settings, at), depends: new Map(Object.entries(depends)) };
}

/** What a recipe says for all images, as fields of a request. `push` says where to, not whether. */
export function sharedFields({ $schema, version, images, groups, ...settings }: Recipe, at?: Location): RequestFields {
  return recipeFields(settings, at);
}

function recipeFields(
  { secrets, ssh, ...fields }: Omit<RecipeImage, 'depends' | 'description'>,
  at: Location = { file: recipeFileName, line: 1 },
): RequestFields {
  return {
    ...fields,
    ...(secrets === undefined ? {} : { secrets: secrets.map((text) => secretOf(text, at)) }),
    ...(ssh === undefined ? {} : { ssh: ssh.map(sshOf) }),
  };
}
