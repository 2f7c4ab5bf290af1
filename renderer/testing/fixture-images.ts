import type { AppEvent, CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Digest, ListEntry, ManifestList } from '../../shared/image.ts';
import type { ImageDetails, ImageFile, localImageCalls, VerifiedImage } from '../../shared/local-images.ts';
import { fail } from '../../shared/problem.ts';
import { digestOf, sample } from './fixture-data.ts';

type ImageCall = keyof typeof localImageCalls | 'images.inspect';
type Handlers = { readonly [N in ImageCall]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>> };

export interface FixtureLists {
  readonly find: (reference: string) => ManifestList;
  readonly all: () => readonly ManifestList[];
  /** Replaces the list of a reference, or removes it. */
  readonly set: (reference: string, list: ManifestList | undefined) => void;
  readonly damaged: () => CallOutput<'images.damaged'>;
  readonly repair: () => void;
}

/** What a repair finds nowhere. */
export const unrepairable = 'registry.example.com/team/docs:1.3.2';

const commands = [
  'ADD rootfs.tar.xz /',
  'RUN set -eux; groupadd --gid 1000 node; curl -fsSLO --compressed "https://nodejs.org/dist/v20.20.0/node-v20.20.0-linux-x64.tar.xz"; tar -xJf "node-v20.20.0-linux-x64.tar.xz" -C /usr/local --strip-components=1',
  'RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*',
  'COPY --chown=node:node . /srv/api',
];

/** Local images of the fixture app. Images that were untagged or replaced can be restored. */
export function createImages(state: string, emit: (event: AppEvent) => void, lists: FixtureLists): Handlers {
  const kept = new Map<string, ManifestList>();
  const keep = (list: ManifestList): void => void kept.set(`${list.reference} ${list.digest}`, list);
  const changed = (): void => emit({ event: 'images.changed', index: String(Math.random()) });
  return {
    'images.inspect': ({ reference }) => {
      const list = lists.find(reference);
      return {
        list,
        manifest: { schemaVersion: 2, mediaType: list.mediaType, manifests: list.entries },
        images: list.entries.map((entry) => detailsOf(entry, list, lists.all())),
        freedBytes: list.entries.reduce((sum, { layers }) => sum + (layers.at(-1)?.size ?? 0), 0),
      };
    },
    'images.files': ({ reference, platform, layer, path, filter, recursive, from, count }) => {
      const list = lists.find(reference);
      const files = filesOf(state === 'huge' ? 2_000 : 12, layer);
      const folder = path === '/' ? '/' : `${path}/`;
      const wanted = filter.toLowerCase();
      const found = files.filter(
        (file) =>
          file.path.startsWith(folder) &&
          (recursive || wanted !== '' || !file.path.slice(folder.length).includes('/')) &&
          file.path.toLowerCase().includes(wanted),
      );
      return {
        platform: platform ?? list.entries[0]?.platform ?? fail('image.platform', 'No platform.', '').problem.message,
        path,
        files: found.slice(from, from + count),
        ...(found.length > from + count ? { next: from + count } : {}),
        total: { files: files.length, bytes: 214_000_000 },
        notes:
          state === 'failed'
            ? ['Layer 3 is damaged or not a tar archive, so that not all of its files are shown.']
            : [],
      } as CallOutput<'images.files'>;
    },
    'images.saveFile': ({ destination }) => ({ path: destination, bytes: 4_096 }),
    'images.tag': ({ reference, name }) => {
      const old = lists.all().find((list) => list.reference === name);
      if (old) {
        keep(old);
      }
      const list = { ...lists.find(reference), reference: name };
      lists.set(name, list);
      changed();
      return { list, replaced: old && { digest: old.digest } };
    },
    'images.untag': ({ reference }) => {
      const list = lists.find(reference);
      keep(list);
      lists.set(reference, undefined);
      changed();
      return { digest: list.digest, isLast: lists.all().every(({ digest }) => digest !== list.digest) };
    },
    'images.restore': ({ reference, digest }) => {
      const list = kept.get(`${reference} ${digest}`);
      if (!list) {
        throw fail(
          'image.unknown',
          `The image that was ${reference} before is not in local storage any more.`,
          'Build it again.',
        );
      }
      lists.set(reference, list);
      changed();
      return list;
    },
    'images.verify': ({ references, repair }) => {
      const damaged = lists.damaged().filter(({ reference }) => !references || references.includes(reference ?? ''));
      for (const reference of references ?? []) {
        if (damaged.every((each) => each.reference !== reference)) {
          lists.find(reference);
        }
      }
      if (repair) {
        lists.repair();
      }
      const names = references ?? lists.all().map(({ reference }) => reference);
      return {
        images: [
          ...names.map((reference) => ({
            ...{ reference, blobs: 15, bytes: 286_000_000 },
            ...(state === 'failed' && references && reference === unrepairable ? lostLayer(repair) : { problems: [] }),
          })),
          ...damaged.map(({ reference }) => ({
            ...(reference === undefined ? {} : { reference }),
            blobs: 15,
            bytes: 286_000_000,
            problems: [
              {
                digest: digestOf('damaged'),
                kind: 'damaged' as const,
                what: 'the manifest of linux/arm64',
                ...(repair ? { repairedFrom: 'registry.example.com/team/web' } : {}),
              },
            ],
          })),
        ],
        blobs: 15 * names.length,
        bytes: 286_000_000 * names.length,
      };
    },
    'images.recognise': ({ path }) => ({ hasImages: path.includes('image') }),
    'images.load': ({ paths, reference }) => {
      const [path = ''] = paths;
      if (state === 'failed') {
        throw fail('image.archive', `${path} is damaged or no archive with images.`, 'Make the archive again.');
      }
      const list = { ...(lists.all()[0] ?? lists.find('')), reference: reference ?? 'loaded:1.0' };
      lists.set(list.reference, list);
      changed();
      return [{ list, replaced: undefined, compressed: [], notes: [] }];
    },
  };
}

function lostLayer(repair: boolean): Pick<VerifiedImage, 'problems' | 'failures' | 'builtBy'> {
  const problem = { digest: digestOf('lost'), kind: 'missing' as const, what: 'layer 3 of linux/arm64' };
  const failure = {
    code: 'image.incomplete' as const,
    message: `${unrepairable} was not pushed to a registry, and no node that built it has it.`,
    fix: 'Build it again, or delete it.',
  };
  return {
    problems: [problem],
    ...(repair ? { failures: [failure], builtBy: { id: sample.done().id, context: '/home/anna/projects/docs' } } : {}),
  };
}

function detailsOf(entry: ListEntry, list: ManifestList, all: readonly ManifestList[]): ImageDetails {
  const sharing = (digest: Digest): string[] =>
    all
      .filter(
        (other) =>
          other.reference !== list.reference &&
          other.entries.some(({ layers }) => layers.some((layer) => layer.digest === digest)),
      )
      .map(({ reference }) => reference);
  return {
    platform: entry.platform,
    digest: entry.digest,
    configDigest: digestOf(`config ${entry.digest}`),
    createdAt: list.createdAt,
    settings: {
      entrypoint: ['/usr/bin/tini', '--'],
      cmd: ['node', 'server.js'],
      workingDir: '/srv/api',
      user: 'node',
      env: [
        { name: 'PATH', value: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
        { name: 'NODE_VERSION', value: '20.20.0' },
        { name: 'NODE_ENV', value: 'production' },
      ],
      labels: [
        { name: 'org.opencontainers.image.source', value: 'https://git.example.com/team/api' },
        { name: 'org.opencontainers.image.revision', value: '4f1c9b2e7a6d0c3b5e8f9a1b2c3d4e5f60718293' },
      ],
      ports: ['8080/tcp'],
      volumes: ['/srv/api/uploads'],
      onBuild: [],
      healthcheck: { test: ['CMD', 'node', 'health.js'], interval: 30, timeout: 3, retries: 3 },
    },
    history: [
      ...commands.map((command, index) => ({
        createdAt: list.createdAt,
        command,
        layer: index + 1,
        size: entry.layers[index]?.size ?? 0,
      })),
      { createdAt: list.createdAt, command: 'USER node' },
      { createdAt: list.createdAt, command: 'EXPOSE 8080' },
      { createdAt: list.createdAt, command: 'ENTRYPOINT ["/usr/bin/tini", "--"]' },
      { createdAt: list.createdAt, command: 'CMD ["node", "server.js"]' },
    ],
    layers: entry.layers.map(({ digest, size }, index) => ({
      number: index + 1,
      digest,
      diffId: digestOf(`diff ${digest}`),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      compression: 'gzip' as const,
      size,
      ...(index < 2 ? { uncompressedSize: Math.round(size * 2.6) } : {}),
      ...(commands[index] === undefined ? {} : { command: commands[index] }),
      sharedWith: sharing(digest),
      sharedPlatforms: [],
    })),
    notes: [],
  };
}

function filesOf(count: number, layer: number | undefined): ImageFile[] {
  const owner = { uid: 0, gid: 0, modifiedAt: '2026-03-01T09:12:00.000Z' };
  const folder = (path: string, size: number, own = 1): ImageFile => ({
    path,
    type: 'directory',
    size,
    mode: 0o755,
    layer: own,
    ...owner,
  });
  const file = (path: string, size: number, own: number, mode = 0o644): ImageFile => ({
    ...{ path, type: 'file' as const, size, mode, layer: own },
    ...owner,
  });
  const all: ImageFile[] = [
    folder('/etc', 1_240_000),
    folder('/srv', 21_400_000, 4),
    folder('/srv/api', 21_400_000, 4),
    folder('/srv/api/node_modules', 20_100_000, 4),
    folder('/usr', 190_000_000),
    folder('/usr/bin', 64_000_000),
    folder('/usr/lib', 118_000_000),
    { ...file('/bin', 0, 1, 0o777), type: 'symlink', link: 'usr/bin' },
    file('/etc/os-release', 267, 1),
    file('/etc/passwd', 1_021, 2),
    file('/usr/bin/tini', 24_112, 3, 0o755),
    file('/usr/bin/su', 71_912, 1, 0o4755),
    { ...file('/usr/bin/perl', 3_790_032, 1, 0o755), type: 'link', link: '/usr/bin/perl5.36.0' },
    file('/srv/api/server.js', 4_096, 4),
    file('/srv/api/package.json', 812, 4),
    ...Array.from({ length: count }, (_, index) =>
      file(`/usr/lib/library-${String(index).padStart(4, '0')}.so`, 40_000 + index * 977, 1),
    ),
    ...(layer === 3 ? [{ ...file('/var/lib/apt/lists/index', 0, 3), isRemoved: true as const }] : []),
    ...(layer === 3 ? [folder('/var', 0, 3), folder('/var/lib', 0, 3)] : []),
  ];
  return layer === undefined ? all : all.filter((each) => each.layer === layer);
}
