/** Images of the lab's registry that exist for one architecture only. */
import { expect } from 'vitest';
import type { Lab } from './lab/lab.ts';

const types = ['application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json'] as const;

/** Tags the image of one architecture of `base:1` as `base:only-ARCHITECTURE`. Resolves with its digest. */
export async function tagSingle({ registry }: Pick<Lab, 'registry'>, architecture: string): Promise<string> {
  const manifests = `http://${registry.address}/v2/base/manifests`;
  const get = (name: string, accept: string) => fetch(`${manifests}/${name}`, { headers: { accept } });
  const index: unknown = await (await get('1', types[0])).json();
  const entries: { digest: string; platform: { architecture: string } }[] = Object(index).manifests;
  const { digest } = entries.find(({ platform }) => platform.architecture === architecture) ?? expect.fail();
  const body = await (await get(digest, types[1])).arrayBuffer();
  await fetch(`${manifests}/only-${architecture}`, { method: 'PUT', body, headers: { 'content-type': types[1] } });
  return digest;
}
