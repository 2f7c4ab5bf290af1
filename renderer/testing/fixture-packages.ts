/** LinuxKit packages of the fixture app. */

import { buildRequestSchema } from '../../shared/build.ts';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Package } from '../../shared/linuxkit.ts';

const hash = '45a1ad5919f0b6acf0f0cf730e9434abfae11fe6';

export function packageAt(folder: string): Package {
  const name = folder.split('/').at(-1) ?? 'init';
  const isDirty = name.includes('dirty');
  const tag = isDirty ? `${hash}-dirty-1f3c2ab` : hash;
  return {
    folder,
    tag: `linuxkit/${name}:${tag}`,
    reference: `docker.io/linuxkit/${name}:${tag}`,
    contentTag: { tag, hash: tag, isDirty, notes: [] },
    platforms: ['linux/amd64', 'linux/arm64'] as Package['platforms'],
    notes: isDirty ? ['Files of the project differ from the commit.'] : [],
  };
}

export function describedPackages({
  folders,
  options: { skipPlatforms, push, allow },
}: CallRequest<'packages.describe'>): CallOutput<'packages.describe'> {
  const packages = folders.map(packageAt).map((each) => ({
    ...each,
    platforms: each.platforms.filter((platform) => !skipPlatforms.includes(platform)),
  }));
  const images = packages.map(({ folder, reference, platforms }) => ({
    name: folder.split('/').at(-1) ?? 'init',
    depends: {},
    request: buildRequestSchema.parse({
      context: folder,
      reference,
      platforms,
      tagByContent: true,
      tagRule: { template: '{{.Hash}}' },
      existing: 'skip',
      network: 'none',
      ...(push ? { push } : {}),
    }),
  }));
  const outside = folders.filter((folder) => folder.includes('outside') && allow.length === 0);
  const permissions = outside.map((folder) => ({
    kind: 'fs.read' as const,
    path: '/home/anna/shared',
    reason: `${folder}: an extra source`,
  }));
  return { packages, images, permissions };
}
