import type { attestationCalls } from '../../shared/attestation-calls.ts';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Digest } from '../../shared/image.ts';
import type { ImagePackage } from '../../shared/packages.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';

import { fail } from '../../shared/problem.ts';
import type { TrustedKey } from '../../shared/trusted-key.ts';

type Name = keyof typeof attestationCalls;

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const amd64 = parsePlatform('linux/amd64') as Platform;
const arm64 = parsePlatform('linux/arm64') as Platform;

const packages: readonly ImagePackage[] = [
  ...['adduser', 'apt', 'base-files', 'bash', 'coreutils', 'dpkg', 'libc6', 'libssl3', 'openssl', 'zlib1g'].map(
    (name): ImagePackage => ({
      kind: 'deb',
      name,
      version: name === 'zlib1g' ? '1:1.2.13.dfsg-1' : '3.0.11-1~deb12u2',
      architecture: 'amd64',
      path: '/var/lib/dpkg/status',
    }),
  ),
  {
    kind: 'npm',
    name: '@example/server',
    version: '4.2.0',
    licence: 'MIT',
    path: '/app/node_modules/@example/server/package.json',
  },
  { kind: 'npm', name: 'ws', version: '8.18.0', licence: 'MIT', path: '/app/node_modules/ws/package.json' },
  {
    kind: 'pypi',
    name: 'requests',
    version: '2.32.3',
    licence: 'Apache-2.0',
    path: '/usr/lib/python3/dist-packages/requests-2.32.3.dist-info/METADATA',
  },
  { kind: 'golang', name: 'golang.org/x/sys', version: 'v0.21.0', path: '/usr/bin/agent' },
  { kind: 'golang', name: 'stdlib', version: '1.22.5', path: '/usr/bin/agent' },
];

type Fixture = { readonly [N in Name]: (request: CallRequest<N>) => CallOutput<N> };

/** 5,000 packages, some with long names. */
const manyPackages: readonly ImagePackage[] = Array.from({ length: 5000 }, (_, index) => ({
  kind: (['deb', 'golang', 'npm', 'pypi'] as const)[index % 4] ?? 'deb',
  name: index % 50 === 0 ? `@organization-with-a-long-name/${'part-'.repeat(12)}${index}` : `package-${index}`,
  version: index % 50 === 0 ? `1.2.3-rc.${index}+build.20260201.deadbeefcafe` : `1.${index % 90}.${index % 7}`,
  licence: index % 3 === 0 ? 'MIT' : 'GPL-2.0-or-later AND LGPL-2.1-or-later WITH Classpath-exception-2.0',
  path: `/usr/lib/packages/${index}`,
}));

const unread = [{ path: '/var/lib/rpm/Packages.db', text: 'the database of rpm is damaged' }];

export function attestationFixture(state: string): Fixture {
  let trusted: TrustedKey[] = state === 'empty' ? [] : [releaseKey];
  const isFailed = state === 'failed';
  return {
    'images.packages': ({ platform = amd64 }) => {
      if (isFailed) {
        throw fail('image.incomplete', 'A layer of the image is missing from local storage.', 'Build the image again.');
      }
      const found = state === 'huge' ? manyPackages : state === 'empty' ? [] : packages;
      return {
        digest: digest('a'),
        platform,
        system: 'Debian GNU/Linux 12 (bookworm)',
        packages: [...found],
        problems: state === 'huge' ? unread : [],
      };
    },
    'images.sbom': ({ platform = amd64 }) => ({
      platform,
      digest: digest('a'),
      packages: packages.length,
      problems: [],
      text: '{}\n',
    }),
    'images.provenance': ({ platform = amd64 }) => ({
      digest: digest('a'),
      platform,
      statements: [
        {
          predicateType: 'https://slsa.dev/provenance/v1',
          manifest: digest('c'),
          form: 'referrer',
          summary: {
            builder: 'https://barnraiser.dev/builder/0.1.0',
            buildType: 'https://barnraiser.dev/build/v1',
            invocation: '20260201-101500-abcd',
            startedAt: '2026-02-01T10:15:00Z',
            finishedAt: '2026-02-01T10:17:42Z',
            program: 'Barnraiser',
            dependencies: [
              {
                uri: 'pkg:docker/docker.io/library/debian@12?platform=linux%2Famd64',
                digest: `sha256:${'d'.repeat(64)}`,
              },
              { uri: 'git+https://git.example.com/team/api', digest: `gitCommit:${'e'.repeat(40)}` },
            ],
          },
          statement: { _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1' },
        },
      ],
    }),
    'images.signatures': ({ key, trusted: isTrusted }) =>
      [undefined, amd64, arm64].map((platform, index) => ({
        digest: digest(String(index + 1)),
        ...(platform ? { platform } : {}),
        signatures:
          index === 2
            ? []
            : [
                {
                  digest: digest('f'),
                  ...(key === undefined && !(isTrusted && trusted.length > 0)
                    ? {}
                    : { verdict: isFailed ? 'changed' : 'valid' }),
                  ...(isTrusted && trusted[0] ? { signer: trusted[0].name } : {}),
                  identity: 'registry.example.com/team/api',
                  key: '9'.repeat(64),
                  creator: 'barnraiser/0.1.0',
                  createdAt: '2026-02-01T10:20:00.000Z',
                },
              ],
      })),
    'images.sign': () => [{ digest: digest('1'), signatures: [{ digest: digest('f'), verdict: 'valid' }] }],
    'images.reproduce': ({ reference }) => ({
      reference,
      build: '20260201-101500-abcd',
      rebuild: '20260202-091500-ef01',
      digest: digest('1'),
      newDigest: digest('2'),
      isReproduced: false,
      platforms: [
        {
          platform: amd64,
          digest: digest('3'),
          newDigest: digest('3'),
          isReproduced: true,
          differences: [],
          moreDifferences: 0,
        },
        {
          ...{ platform: arm64, digest: digest('4'), newDigest: digest('5'), isReproduced: false },
          differences: [{ part: 'file', name: '/etc/stamp', text: 'content' }],
          moreDifferences: 0,
        },
      ],
      advice: ['Steps write other content each time: look at the files that are named.'],
    }),
    'keys.inspect': () => ({ isEncrypted: true }),
    'keys.generate': ({ prefix }) => ({
      privateKey: `${prefix}.key`,
      publicKey: `${prefix}.pub`,
      fingerprint: '9'.repeat(64),
    }),
    'keys.trusted': () => trusted,
    'keys.trust': ({ file, name = file.split('/').at(-1)?.replace('.pub', '') ?? 'key' }) => {
      const key: TrustedKey = { ...releaseKey, name, fingerprint: '7'.repeat(64) };
      trusted = [...trusted, key];
      return key;
    },
    'keys.distrust': ({ name }) => {
      trusted = trusted.filter((each) => each.name !== name);
      return {};
    },
  };
}

const releaseKey: TrustedKey = {
  name: 'release',
  publicKey: '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n',
  fingerprint: '9'.repeat(64),
  kind: 'ECDSA P-256',
  addedAt: '2026-01-12T09:00:00.000Z',
};
