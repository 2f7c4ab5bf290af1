import type { AppEvent, CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Copy, copyCalls } from '../../shared/copy.ts';
import type { listCalls } from '../../shared/list-edit.ts';
import { fail } from '../../shared/problem.ts';
import { digestOf } from './fixture-data.ts';

type CopyCall = keyof typeof copyCalls | keyof typeof listCalls;
type Handlers = { readonly [N in CopyCall]: (request: CallRequest<N>) => CallOutput<N> | Promise<CallOutput<N>> };

const megabyte = 1024 * 1024;

/** Copies of the fixture app: those that are started run until they are cancelled. */
export function createCopies(state: string, emit: (event: AppEvent) => void): Handlers {
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
    'copies.start': ({ sources: [source = ''], destination }) => {
      const copy = runningCopy(source, destination);
      put(copy);
      emit({ event: 'copy.progress', copy });
      return copy;
    },
    'lists.inspect': ({ image }) => {
      throw fail('image.unknown', `There is no image ${image} in the registry.`, 'Check the name and the tag.');
    },
    'lists.edit': ({ image }) => {
      throw fail('image.unknown', `There is no image ${image} in the registry.`, 'Check the name and the tag.');
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
