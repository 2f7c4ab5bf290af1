import { createHash } from 'node:crypto';
import type { BuildRequest } from '../../shared/build.ts';
import { optionRow, requestOptionNames } from '../../shared/build-options.ts';
import type { Node } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import type { PackedContext } from '../context/pack-context.ts';

/** To be changed with the requests to engines, so that results of older versions are not taken for those of newer ones. */
const version = 1;

/**
 * Fields of a request that do not decide what the image of a platform is: where it is built, what it is called and what becomes of
 * it. The project's files are in the digest of the packed context. All others count, also those that are added later; for options,
 * their table says it.
 */
const otherFields: ReadonlySet<string> = new Set([
  ...([
    'context',
    // what is in them is compared
    'contexts',
    'containerfile',
    'reference',
    'bake',
    'trigger',
    'farm',
    'connections',
    'platforms',
    'pins',
    'push',
    // its values are among the arguments and labels
    'automatic',
  ] satisfies (keyof BuildRequest)[]),
  ...requestOptionNames.filter((name) => optionRow(name).decidesImage === false),
]);

/** A digest of what decides the result of a job, besides the packed context and what its node has. */
export function optionsFingerprint(
  request: BuildRequest,
  { containerfile, excludes }: Pick<PackedContext, 'containerfile' | 'excludes'>,
  platform: Platform,
  node: Node,
): string {
  const options = Object.entries(request).filter(([name]) => !otherFields.has(name));
  const { engine, version: engineVersion, apiVersion, engineId, machineId, hostname, rootless } = node;
  const facts = { engine, engineVersion, apiVersion, engineId, machineId, hostname, rootless, platform: node.platform };
  const all = { version, options: Object.fromEntries(options), containerfile, excludes, platform, facts };
  return createHash('sha256').update(JSON.stringify(all, withSortedKeys)).digest('hex');
}

function withSortedKeys(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;
}
