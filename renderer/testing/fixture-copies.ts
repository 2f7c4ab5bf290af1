import type { AppEvent, CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Copy, copyCalls } from '../../shared/copy.ts';
import type { ListEdit, listCalls, RawEntry, RawList } from '../../shared/list-edit.ts';
import { fail } from '../../shared/problem.ts';
import { digestOf } from './fixture-data.ts';

type CopyCall = keyof typeof copyCalls | keyof typeof listCalls;
type Handlers = { readonly [N in CopyCall]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>> };

const megabyte = 1024 * 1024;

/** Copies of the fixture app: those that are started run until they are cancelled. */
export function createCopies(state: string, emit: (event: AppEvent) => void): Handlers {
  const lists = new Map<string, RawList>();
  const listOf = (image: string): RawList => {
    if (state === 'failed' || image.includes('gone')) {
      throw fail('image.unknown', `There is no image ${image} in the registry.`, 'Check the name and the tag.');
    }
    return lists.get(image) ?? sampleList(image, state === 'huge' ? 40 : 0);
  };
  let copies: Copy[] = state === 'busy' ? [runningCopy('docker://registry.example.com/team/base:12', 'base:12')] : [];
  const put = (copy: Copy): void => {
    copies = [copy, ...copies.filter(({ id }) => id !== copy.id)];
  };
  return {
    'copies.pull': ({ source, reference }) => {
      const copy = runningCopy(`docker://${source}`, reference ?? source);
      put(copy);
      emit({ event: 'copy.progress', copy });
      return copy;
    },
    'copies.start': ({ sources: [source = ''], destinations }) =>
      destinations.map((destination) => {
        const copy = runningCopy(source, destination);
        put(copy);
        emit({ event: 'copy.progress', copy });
        return copy;
      }),
    'lists.inspect': ({ image }) => listOf(image),
    'lists.edit': ({ image, edit }) => {
      const before = listOf(image);
      const list = editedList(before, edit);
      lists.set(image, list);
      return { list, before: before.digest, hasRaced: state === 'done' };
    },
    'copies.list': () => copies,
    'copies.cancel': ({ id }) => {
      const running = copies.find((copy) => copy.id === id);
      if (running) {
        const copy: Copy = { ...running, status: 'cancelled' };
        put(copy);
        emit({ event: 'copy.finished', copy });
      }
      return {};
    },
    'registry.tags': () => ({ tags: ['1.3', '1.4', 'latest'] }),
  };
}

function runningCopy(source: string, destination: string): Copy {
  const image = (platform: string, doneBytes: number) => ({
    platform: platform as Copy['images'][number]['platform'],
    digest: digestOf(`${source} ${platform}`),
    totalBytes: 48 * megabyte,
    doneBytes,
  });
  return {
    id: `copy-${source}`,
    source,
    destination,
    status: 'running',
    totalBytes: 96 * megabyte,
    copiedBytes: 31 * megabyte,
    skippedBytes: 12 * megabyte,
    images: [image('linux/amd64', 29 * megabyte), image('linux/arm64', 14 * megabyte)],
  };
}

/** A list with an attestation, and with Windows images of several versions of the system. */
function sampleList(image: string, more: number): RawList {
  const entry = (platform: string, fields: Partial<RawEntry> = {}): RawEntry => ({
    ...{ digest: digestOf(`${image} ${platform} ${fields.osVersion}`), size: 1_234, platform },
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...fields,
  });
  const isOther = image.includes('riscv64');
  const names = isOther ? ['linux/riscv64'] : ['linux/amd64', 'linux/arm64'];
  return {
    image,
    digest: digestOf(image),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    entries: [
      ...names.map((platform) => entry(platform)),
      ...(isOther
        ? []
        : [
            entry('windows/amd64', { osVersion: '10.0.17763.6189' }),
            entry('windows/amd64', {
              osVersion: '10.0.20348.2655',
              osFeatures: ['win32k'],
              annotations: { 'com.example.channel': 'stable' },
            }),
            entry('unknown/unknown', { describes: digestOf(`${image} linux/amd64 undefined`) }),
          ]),
      ...Array.from({ length: more }, (_, index) =>
        entry(`linux/arm/v${index}`, { annotations: { index: `${index}` } }),
      ),
    ],
    ...(isOther ? {} : { annotations: { 'org.opencontainers.image.version': '1.4' } }),
    manifest: {},
  };
}

function editedList(list: RawList, edit: ListEdit): RawList {
  const digest = digestOf(`${list.digest} ${JSON.stringify(edit)}`);
  const isOf = (entry: RawEntry): boolean => entry.digest === edit.target || entry.platform === edit.target;
  if (edit.kind === 'remove') {
    return {
      ...list,
      digest,
      entries: list.entries.filter((entry) => !isOf(entry) && entry.describes !== edit.target),
    };
  }
  const merged = (before: Record<string, string> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries({ ...before, ...edit.annotations }).filter(([, value]) => value !== ''));
  return edit.target === undefined
    ? { ...list, digest, annotations: merged(list.annotations) }
    : {
        ...list,
        digest,
        entries: list.entries.map((entry) =>
          isOf(entry) ? { ...entry, annotations: merged(entry.annotations) } : entry,
        ),
      };
}
