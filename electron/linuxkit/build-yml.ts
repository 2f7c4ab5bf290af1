/** The file `build.yml` of a LinuxKit package, as `pkglib.go` of LinuxKit reads it. */
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../shared/problem.ts';
import { readProjectFile } from '../context/project-file.ts';
import { entryOf, parseLocated } from '../recipes/located-json.ts';
import { decode, field, goJson, type Shape } from './decode.ts';
import { imageConfigShape } from './image-config.ts';

const texts: Shape = { list: 'text' };

const fileShape: Shape = {
  fields: [
    field('image', 'text'),
    field('org', 'text'),
    field('tag', 'text'),
    field('dockerfile', 'text'),
    field('arches', texts),
    field('extra-sources', texts, 'given', 'extraSources'),
    field('gitrepo', 'text', 'given', 'gitRepo'),
    field('network', 'switch'),
    field('disable-cache', 'switch', 'given', 'disableCache'),
    field('config', imageConfigShape),
    field('buildArgs', texts),
    field('depends', {
      fields: [
        field(
          'docker-images',
          {
            fields: [
              field('target-dir', 'text', 'given', 'targetDir'),
              field('target', 'text'),
              field('from-file', 'text', 'given', 'fromFile'),
              field('list', texts),
            ],
          },
          'given',
          'dockerImages',
        ),
      ],
    }),
  ],
};

const dependsSchema = z.object({
  targetDir: z.string().optional(),
  target: z.string().optional(),
  fromFile: z.string().optional(),
  list: z.array(z.string()).default([]),
});
export type DockerImages = Readonly<z.infer<typeof dependsSchema>>;

/** With the defaults of LinuxKit. */
const buildYmlSchema = z.object({
  image: z.string().min(1),
  org: z.string().default('linuxkit'),
  tag: z.string().default('{{.Hash}}'),
  dockerfile: z.string().default('Dockerfile'),
  arches: z.array(z.string()).default(['amd64', 'arm64', 'riscv64']),
  extraSources: z.array(z.string()).max(100).default([]),
  gitRepo: z.string().default('https://github.com/linuxkit/linuxkit'),
  network: z.boolean().default(false),
  disableCache: z.boolean().default(false),
  config: z.unknown().optional(),
  buildArgs: z.array(z.string()).max(1000).default([]),
  depends: z.object({ dockerImages: dependsSchema.optional() }).default({}),
});

export interface BuildYml extends Omit<z.infer<typeof buildYmlSchema>, 'config'> {
  /** The value of the label `org.mobyproject.config`. */
  readonly config?: string;
}

/** @param name of the file in the folder @throws Failure `recipe.missing`, `recipe.invalid` with the line, `context.unreadable` */
export async function readBuildYml(folder: string, name: string): Promise<BuildYml> {
  const content = await readProjectFile(join(folder, name), 'recipe');
  if (!content) {
    throw fail(
      'recipe.missing',
      `${folder} is not a LinuxKit package: it has no ${name}.`,
      'Name a folder with a build.yml. Other projects are built without `pkg`.',
    );
  }
  return parseBuildYml(content.toString('utf8'), join(folder, name));
}

/** @param path as it is shown @throws Failure `recipe.invalid` with the line */
export function parseBuildYml(text: string, path: string): BuildYml {
  const root = parseLocated(text.replace(/^\uFEFF/, ''), path, 'YAML');
  const isEmpty = root.kind === 'scalar' && root.value === null;
  const decoded = isEmpty ? {} : decode(root, fileShape, '');
  // a list that is there without items is not the default
  const arches = root.kind === 'object' && root.entries.some(([key]) => key === 'arches') && !entryOf(root, 'arches');
  const parsed = buildYmlSchema.safeParse({ ...(decoded as object), ...(arches ? { arches: [] } : {}) });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw issue?.path[0] === 'image'
      ? fail('recipe.invalid', `${path} does not say the name of the image.`, 'Add a line with image: NAME.')
      : fail('recipe.invalid', `${path}: ${z.prettifyError(parsed.error)}`, 'Correct it.');
  }
  const { config, ...others } = parsed.data;
  return { ...others, ...(config === undefined ? {} : { config: goJson(config) }) };
}
