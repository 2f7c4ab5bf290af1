import { useEffect, useState } from 'react';
import type { CallInput, CallOutput } from '../../shared/contract.ts';
import { formatReferenceShort } from '../../shared/format.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { ImageDetails, ImagesProgress } from '../../shared/local-images.ts';
import type { Platform } from '../../shared/platform.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { call, subscribe } from '../api.ts';
import { loadImages } from './images.ts';
import { toast, toastProblem } from './toasts.ts';

type Inspected = CallOutput<'images.inspect'>;

/** What was inspected last, so that another section of the same image shows it at once. */
let last: { readonly key: string; readonly value: Inspected } | undefined;

/** All that the app knows of an image, again when another list has got its reference. */
export function useInspected({ reference, digest }: Pick<ManifestList, 'reference' | 'digest'>): {
  readonly inspected: Inspected | undefined;
  readonly problem: Problem | undefined;
} {
  const key = `${reference} ${digest}`;
  const [, render] = useState(0);
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const cancel = new AbortController();
    setProblem(undefined);
    call('images.inspect', { reference }, { signal: cancel.signal }).then(
      (value) => {
        last = { key, value };
        render((count) => count + 1);
      },
      (error: unknown) => {
        if (!cancel.signal.aborted) {
          setProblem(problemOf(error));
        }
      },
    );
    return () => cancel.abort();
  }, [reference, key]);
  return { inspected: last?.key === key ? last.value : undefined, problem };
}

/** The image of one platform. */
export function useImageDetails(
  list: ManifestList,
  platform: Platform,
): { readonly details: ImageDetails | undefined; readonly problem: Problem | undefined } {
  const { inspected, problem } = useInspected(list);
  return { details: inspected?.images.find((image) => image.platform === platform), problem };
}

let tasks = 0;

type TaskCall =
  | 'images.files'
  | 'images.saveFile'
  | 'images.verify'
  | 'images.load'
  | 'images.packages'
  | 'images.sbom';

/** Calls the app with a task, and reports its progress until it ends. @throws Failure; the reason of the signal */
export async function callWithProgress<N extends TaskCall>(
  name: N,
  input: CallInput<N>,
  onProgress: (progress: ImagesProgress) => void,
  signal?: AbortSignal,
): Promise<CallOutput<N>> {
  tasks += 1;
  const task = `window-${Date.now()}-${tasks}`;
  const stop = subscribe((event) => {
    if (event.event === 'images.progress' && event.task === task) {
      onProgress(event);
    }
  });
  try {
    return await call(name, { ...input, task } as CallInput<N>, signal ? { signal } : {});
  } finally {
    stop();
  }
}

/** Gives an image another name. A toast offers to undo it. @throws Failure */
export async function tagImage(reference: string, name: string): Promise<ManifestList> {
  const { list, replaced } = await call('images.tag', { reference, name });
  await loadImages();
  toast({
    title: `${formatReferenceShort(reference)} is also ${list.reference}`,
    ...(replaced ? { description: 'The image that had the name is kept for 7 days without it.' } : {}),
    kind: 'done',
    action: {
      label: 'Undo',
      run: () => {
        const undo = replaced
          ? call('images.restore', { reference: list.reference, digest: replaced.digest })
          : call('images.untag', { reference: list.reference });
        undo.then(() => loadImages()).catch(toastProblem);
      },
    },
  });
  return list;
}

/** Takes a name from an image. A toast offers to undo it. @throws Failure */
export async function untagImage(reference: string): Promise<void> {
  const { digest, isLast } = await call('images.untag', { reference });
  await loadImages();
  toast({
    title: `${formatReferenceShort(reference)} names no image any more`,
    ...(isLast ? { description: 'It was the only name of the image, which is kept for 7 days.' } : {}),
    action: {
      label: 'Undo',
      run: () => {
        call('images.restore', { reference, digest })
          .then(() => loadImages())
          .catch(toastProblem);
      },
    },
  });
}
