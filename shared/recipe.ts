/** Recipes: the settings of a project, and the images that it consists of. */
import { z } from 'zod';
import { buildRequestSchema } from './build.ts';
import { optionShape } from './build-option-schemas.ts';
import { nameSchema } from './connection.ts';
import { referenceSchema } from './image.ts';
import { platformSchema } from './platform.ts';

export const recipeFileName = 'barnraiser.json';
export const recipeVersion = 1;
/** The address that names the schema. Editors find the schema by it, or by the path of the file. */
export const recipeSchemaId = 'https://barnraiser.dev/schema/barnraiser-1.json';

/** Options that a recipe has in another form. */
const ownOptions = ['file', 'files', 'filesFor', 'sources', 'secrets', 'ssh'] as const;
type RecipeOptionName = Exclude<keyof typeof optionShape, (typeof ownOptions)[number]>;

type WithoutDefault<S> =
  S extends z.ZodDefault<infer Inner>
    ? WithoutDefault<Inner>
    : S extends z.ZodOptional
      ? S
      : z.ZodOptional<S & z.ZodType>;
type OptionFields = { [K in RecipeOptionName]: WithoutDefault<(typeof optionShape)[K]> };

/** The options of builds without their defaults, so that what a recipe does not say is known. */
function optionFields(): OptionFields {
  const fields: Record<string, unknown> = Object.fromEntries(
    Object.entries(optionShape)
      .filter(([name]) => !ownOptions.some((own) => own === name))
      .map(([name, schema]) => [name, (schema instanceof z.ZodDefault ? schema.unwrap() : schema).optional()]),
  );
  return fields as OptionFields;
}

const path = z.string().min(1).max(4096);
const imageName = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/, 'A name has letters, digits, - and _.');
const entries = z.array(z.string().min(1).max(4096)).max(100).optional();

const settings = {
  farm: nameSchema.optional().describe('The farm to build on.'),
  connections: z.array(nameSchema).min(1).max(1000).optional().describe('Connections to build on instead of a farm.'),
  platforms: z
    .array(platformSchema)
    .min(1)
    .max(100)
    .optional()
    .describe('Without it: all that the nodes run natively.'),
  optionalPlatforms: z
    .array(platformSchema)
    .min(1)
    .max(100)
    .optional()
    .describe('Platforms without which a build is done all the same if they fail.'),
  pins: z.record(platformSchema, nameSchema).optional().describe('Which connection builds a platform.'),
  reference: referenceSchema.optional().describe('The name of the image: [registry/]repository[:tag].'),
  automatic: buildRequestSchema.shape.automatic.describe('Arguments and labels from the git repository.'),
  push: buildRequestSchema.shape.push.describe('Where the image is pushed, if a build is asked to push.'),
  file: path.optional().describe('The Containerfile, relative to the context.'),
  files: z.array(path).max(100).optional().describe('Further Containerfiles, which are joined.'),
  filesFor: z.record(platformSchema, path).optional().describe('Containerfiles of single platforms.'),
  sources: z
    .array(z.object({ from: path, to: path }))
    .max(100)
    .optional()
    .describe('Further folders of the context.'),
  secrets: entries.describe('Secrets: id=ID,src=FILE or id=ID,env=NAME.'),
  ssh: entries.describe('SSH agents and keys: default, or ID=FILE,FILE.'),
  ...optionFields(),
};

export const recipeImageSchema = z.strictObject({
  description: z.string().max(1000).optional(),
  context: path.optional().describe('The folder that is sent to the nodes. Default: that of the recipe.'),
  depends: z
    .record(z.string().min(1).max(255), imageName)
    .optional()
    .describe('Images of this recipe that are built before: the name in FROM or --from → the image.'),
  ...settings,
});
export type RecipeImage = Readonly<z.infer<typeof recipeImageSchema>>;

/** A file `barnraiser.json`, or what the app keeps for a project. Paths are relative to the project. */
export const recipeSchema = z
  .strictObject({
    $schema: z.string().max(1000).optional(),
    version: z.literal(recipeVersion),
    ...settings,
    images: z
      .record(imageName, recipeImageSchema)
      .optional()
      .describe('The images of the project. What the recipe says besides is for all of them.'),
    groups: z.record(imageName, z.array(imageName).max(200)).optional().describe('Names for several images.'),
  })
  .describe('Settings for builds of a project with Barnraiser.');
export type Recipe = Readonly<z.infer<typeof recipeSchema>>;

/** Something of a file that no build here has. `line` is counted from 1. */
export const leftOutSchema = z.object({
  /** The target that has it. */
  target: z.string().optional(),
  field: z.string(),
  file: z.string(),
  line: z.number(),
  /** Completes "… is left out: …". */
  reason: z.string(),
});
export type LeftOut = Readonly<z.infer<typeof leftOutSchema>>;

/** What a file of a project needs besides the project: what `--allow` names. */
export const permissionSchema = z.object({
  kind: z.enum(['fs.read', 'fs.write', 'env', 'ssh', 'network.host', 'security.insecure', 'sign']),
  /** An absolute path, of `fs.read` and `fs.write`; the name of a variable of the environment, of `env`. */
  path: z.string().optional(),
  /** Who needs it, and for what. */
  reason: z.string(),
});
export type Permission = Readonly<z.infer<typeof permissionSchema>>;

/** `fs.read=/path`, `env=TOKEN`, `ssh` … */
export function permissionText({ kind, path: file }: Pick<Permission, 'kind' | 'path'>): string {
  return file === undefined ? kind : `${kind}=${file}`;
}

/** One image of several. */
export const bakeImageSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  request: buildRequestSchema,
  /** The images that are built before: name of the context in the Containerfile → image. */
  depends: z.record(z.string(), z.string()).default({}),
});
export type BakeImage = Readonly<z.infer<typeof bakeImageSchema>>;

/** What the files of a project describe: its images, with those that they depend on. */
export const bakeDescriptionSchema = z.object({
  /** Absolute path of the folder. */
  project: z.string(),
  /** The files that were read, as they are shown. */
  files: z.array(z.string()),
  /** All names that can be chosen, groups first. */
  groups: z.array(z.object({ name: z.string(), targets: z.array(z.string()) })),
  targets: z.array(z.string()),
  /** The chosen images. */
  images: z.array(bakeImageSchema),
  leftOut: z.array(leftOutSchema),
  /** The variables of the environment that the files asked for, with whether they are set. */
  environment: z.array(z.object({ name: z.string(), isSet: z.boolean() })),
  /** What the images need and what was not allowed yet. They cannot be built before. */
  permissions: z.array(permissionSchema),
});
export type BakeDescription = Readonly<z.infer<typeof bakeDescriptionSchema>>;
