import type { Node } from '../../shared/node.ts';
import { platformParts } from '../../shared/platform.ts';
import type { TarHash } from '../context/context-source.ts';

/**
 * How a node most likely verifies a tar that it makes of an earlier one, so that the digest can be made before the node says so. See
 * `contextCacheProgram`. Undefined if it makes none.
 */
export function usualTarHash({ engine, platform }: Pick<Node, 'engine' | 'platform'>): TarHash | undefined {
  if (engine !== 'podman') {
    return undefined;
  }
  return platformParts(platform).architecture === 'amd64' ? 'sha256' : 'blake2b512';
}
