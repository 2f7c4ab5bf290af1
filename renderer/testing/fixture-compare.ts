import type { BaseImages } from '../../shared/base-image.ts';
import type { Comparison, PlatformComparison } from '../../shared/compare.ts';
import type { Platform } from '../../shared/platform.ts';
import { fixtureNow } from './fixture-clock.ts';
import { digestOf } from './fixture-data.ts';

const megabyte = 1_000_000;

/** A comparison of two images of the fixture app. */
export function comparisonOf(a: string, b: string, state: string): Comparison {
  const [amd64, arm64, s390x] = ['linux/amd64', 'linux/arm64', 'linux/s390x'] as Platform[];
  const isSame = a === b;
  const side = (name: string) => ({
    name,
    digest: digestOf(name),
    platforms: [amd64, arm64, s390x].flatMap((each) => each ?? []),
  });
  const count = state === 'huge' ? 480 : 3;
  const changed = (platform: Platform): PlatformComparison => ({
    platform,
    status: 'changed',
    ...{
      a: digestOf(`${a} ${platform}`),
      b: digestOf(`${b} ${platform}`),
      sizeA: 68.2 * megabyte,
      sizeB: 71.4 * megabyte,
    },
    layers: {
      shared: [{ digest: digestOf('base'), size: 48 * megabyte }],
      added: [
        { digest: digestOf('added 1'), size: 21.4 * megabyte },
        { digest: digestOf('added 2'), size: 2 * megabyte },
      ],
      removed: [{ digest: digestOf('removed'), size: 20.2 * megabyte }],
    },
    config: [
      { name: 'env NODE_VERSION', a: '20.18.0', b: '20.20.1' },
      { name: 'label org.opencontainers.image.revision', a: '4f1c2d9', b: 'b81e07a' },
      { name: 'port 9090/tcp', b: 'yes' },
    ],
    packages: {
      ...{ added: 1, removed: 0, changed: count, problems: 0 },
      entries: [
        { name: 'deb libssl3', b: '15.10-0+deb12u1' },
        ...Array.from({ length: count }, (_, index) => ({
          name: `npm package-${index}`,
          a: `1.${index}.0`,
          b: `1.${index}.4`,
        })),
      ],
    },
    files: {
      ...{ added: 4, removed: 1, changed: count, rewritten: 212 },
      entries: [
        { path: '/app/dist/server.js', change: 'changed', a: 1.2 * megabyte, b: 1.6 * megabyte },
        { path: '/usr/lib/x86_64-linux-gnu/libssl.so.3', change: 'added', b: 0.4 * megabyte },
        { path: '/app/dist/server.js.map', change: 'removed', a: 0.9 * megabyte },
        { path: '/app/start.sh', change: 'changed', a: 812, b: 812, note: 'mode 644 → 755' },
      ],
      ...{ bytesA: 181 * megabyte, bytesB: 190 * megabyte, isPartial: false },
    },
  });
  const plain = (platform: Platform, status: PlatformComparison['status']): PlatformComparison => ({
    ...{ platform, status, layers: { shared: [], added: [], removed: [] } },
    ...(status === 'added' ? {} : { a: digestOf(`${a} ${platform}`), sizeA: 68 * megabyte }),
    ...(status === 'removed' ? {} : { b: digestOf(`${b} ${platform}`), sizeB: 68 * megabyte }),
  });
  const platforms =
    amd64 && arm64 && s390x
      ? isSame
        ? [plain(amd64, 'same'), plain(arm64, 'same')]
        : [changed(amd64), plain(arm64, 'same'), plain(s390x, 'added')]
      : [];
  return { a: side(a), b: side(b), isSame, platforms };
}

/** The base images of the fixture app's builds: one is newer. */
export function baseImagesOf(builds: readonly { readonly id: string; readonly reference: string }[]): BaseImages {
  const [build] = builds;
  const platform = 'linux/arm64' as Platform;
  return {
    checkedAt: new Date(fixtureNow() - 3_600_000).toISOString(),
    bases: build
      ? [
          {
            name: 'docker.io/library/debian:12',
            status: 'newer',
            digest: digestOf('debian now'),
            uses: [
              {
                ...{ build: build.id, reference: build.reference },
                platforms: [
                  { platform, digest: digestOf('debian then'), current: digestOf('debian arm64'), isNewer: true },
                ],
              },
            ],
          },
        ]
      : [],
  };
}
