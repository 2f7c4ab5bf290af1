import { formatList } from '../../../shared/format.ts';
import type { Package } from '../../../shared/linuxkit.ts';
import { fail } from '../../../shared/problem.ts';
import { proxiesOf } from '../../../shared/proxy-variables.ts';
import { type BakeImage, permissionText } from '../../../shared/recipe.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { cleanLine } from '../output/text.ts';
import { followBake } from './bake.ts';
import { followBuild, proxyInput } from './build.ts';
import { readCredentials } from './push.ts';
import { readSecrets } from './secrets.ts';

/** Builds LinuxKit packages: one as a build, several as a bake. */
export async function buildPackages(
  frontEnd: TerminalFrontEnd,
  { folders, options, flags, isDryRun, notes, credentials }: Extract<Command, { kind: 'pkg.build' }>,
): Promise<number> {
  const described = await frontEnd.call('packages.describe', { folders: [...folders], options });
  const { packages, permissions } = described;
  const proxy = Object.keys(proxiesOf(process.env)).length > 0 ? { proxy: true } : {};
  const images = described.images.map(
    (image): BakeImage => ({ ...image, request: { ...image.request, ...proxy, ...flags } }),
  );
  if (isDryRun) {
    const { output, json } = frontEnd.options;
    output.write(`${JSON.stringify({ packages, images, permissions }, null, json ? 0 : 2)}\n`);
    return 0;
  }
  if (permissions.length > 0) {
    throw fail(
      'recipe.outside',
      `The packages need what is not in their repository: ${permissions.map(permissionText).join(', ')}.`,
      `If you trust them, allow it: ${permissions.map((each) => `--allow ${permissionText(each)}`).join(' ')}`,
      permissions.map(({ reason }) => reason).join('\n'),
    );
  }
  frontEnd.printNotes(...notes, ...packages.flatMap(packageNotes));
  const [only, ...others] = images;
  const project = packages[0]?.folder;
  if (!only || project === undefined) {
    return 0;
  }
  const pushCredentials = await readCredentials(frontEnd, credentials);
  if (others.length === 0) {
    const { request, inputs } = await readSecrets(frontEnd, only.request);
    const all = { ...request, ...inputs, ...proxyInput(request), pushCredentials };
    return followBuild(frontEnd, () => frontEnd.start('builds.start', all), {
      quiet: false,
      files: {},
      source: request.context,
    });
  }
  const given: Record<string, object> = {};
  for (const { name, request } of images) {
    given[name] = (await readSecrets(frontEnd, request)).inputs;
  }
  return followBake(
    frontEnd,
    async () => (await frontEnd.start('bakes.start', { project, images, given, pushCredentials })).id,
  );
}

/** What is built, and what is remarkable. */
function packageNotes({ tag, contentTag, platforms, notes }: Package): string[] {
  const name = cleanLine(tag);
  const first =
    platforms.length === 0
      ? `${name} is skipped.`
      : `${name} for ${formatList(platforms)}${contentTag.isDirty ? ', with changed files' : ''}`;
  return [first, ...notes.map((note) => `  ${cleanLine(note)}`)];
}

/** Prints the tags of packages, as `linuxkit pkg show-tag` does. */
export async function printTags(
  frontEnd: TerminalFrontEnd,
  { folders, options, isCanonical }: Extract<Command, { kind: 'pkg.tags' }>,
): Promise<number> {
  const packages = await frontEnd.call('packages.tags', { folders: [...folders], options });
  frontEnd.printResult({ packages }, () =>
    packages.map(({ tag, reference }) => cleanLine(isCanonical ? reference : tag)),
  );
  return 0;
}
