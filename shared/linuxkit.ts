/** LinuxKit packages: folders with a `build.yml`, which are built as they are. */
import { z } from 'zod';
import { contentTagSchema } from './content-tag.ts';
import { platformSchema } from './platform.ts';
import { bakeImageSchema, permissionSchema } from './recipe.ts';

export const packageFileName = 'build.yml';

const path = z.string().min(1).max(4096);

/** What a person chose besides what `build.yml` says. The names are those of the flags of LinuxKit. Paths are absolute. */
export const packageOptionsSchema = z.object({
  /** The name of the file in the folder of the package. */
  buildYml: z
    .string()
    .regex(/^(?!\.\.?$)[^/\\]{1,255}$/, 'Use the name of a file in the folder of the package.')
    .default(packageFileName),
  org: z.string().max(255).optional(),
  hash: z.string().max(128).optional(),
  hashCommit: z.string().max(255).optional(),
  hashPath: path.optional(),
  tag: z.string().max(1000).optional(),
  forceDirty: z.boolean().default(false),
  /** The organization and the hash are those of a developer. */
  dev: z.object({ user: z.string().min(1).max(255) }).optional(),
  network: z.boolean().optional(),
  disableCache: z.boolean().optional(),
  dockerfile: z.string().max(4096).optional(),
  buildArgFiles: z.array(path).max(100).default([]),
  platforms: z.array(platformSchema).min(1).max(100).optional(),
  skipPlatforms: z.array(platformSchema).max(100).default([]),
  /** Images of local storage are not used as base images. */
  ignoreCached: z.boolean().default(false),
  /** Images are built although they are there. */
  force: z.boolean().default(false),
  /** What only the registry has is pulled. */
  pull: z.boolean().default(false),
  /** Nothing is built: what is there is pushed. */
  noBuild: z.boolean().default(false),
  push: z.object({ tlsVerify: z.boolean().default(true), direct: z.boolean().optional() }).optional(),
  /** Without it, a push of a commit with a git tag is a release of that name. */
  release: z.string().max(128).optional(),
  archTags: z.boolean().default(false),
  /** The images are loaded into the docker of this computer, too. */
  docker: z.boolean().default(false),
  /** What packages may use besides their repository: `fs.read=PATH`. */
  allow: z.array(z.string()).max(1000).default([]),
});
export type PackageOptions = Readonly<z.infer<typeof packageOptionsSchema>>;

export const packageSchema = z.object({
  /** Absolute path. */
  folder: z.string(),
  /** `org/image:tag`, as LinuxKit shows it. */
  tag: z.string(),
  /** With its registry: `docker.io/org/image:tag`. */
  reference: z.string(),
  contentTag: contentTagSchema,
  platforms: z.array(platformSchema),
  /** Sentences about what is other than with LinuxKit, and what is remarkable. */
  notes: z.array(z.string()),
});
export type Package = Readonly<z.infer<typeof packageSchema>>;

export const packageCalls = {
  /** The tags of packages, which need nothing but their `build.yml` and git. */
  'packages.tags': {
    input: z.object({ folders: z.array(path).min(1).max(200), options: packageOptionsSchema.prefault({}) }),
    output: z.array(packageSchema),
  },
  /** Reads packages and describes what they would build. */
  'packages.describe': {
    input: z.object({ folders: z.array(path).min(1).max(200), options: packageOptionsSchema.prefault({}) }),
    output: z.object({
      packages: z.array(packageSchema),
      /** The images to build: none of a package that has no platforms. Those that others are built on are named in their `depends`. */
      images: z.array(bakeImageSchema),
      /** What the packages need and what was not allowed yet. They cannot be built before. */
      permissions: z.array(permissionSchema),
    }),
  },
} as const;
