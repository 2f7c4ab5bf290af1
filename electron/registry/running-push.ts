import { type Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import type { Push } from '../../shared/push.ts';
import type { BlobSize, ReceivedImage } from '../images/manifest.ts';
import type { DirectPush } from './direct-push.ts';
import { ListPush, type PushContent, type PushResult, type PushTarget } from './push.ts';

export interface RunningPushOptions extends Omit<PushTarget, 'onProgress' | 'signal'> {
  /** Called with each state of the push before its end. */
  readonly onProgress: (push: Push) => void;
  /** What is done in the registry when the list is there. It may fail the push. */
  readonly afterwards?: ((result: PushResult, signal: AbortSignal) => Promise<Partial<Push>>) | undefined;
  /** Called with a push that is done, before {@link onEnd}. */
  readonly onDone: (push: Push) => Promise<void>;
  /** Called once. */
  readonly onEnd: (push: Push) => void;
}

/** One push of this process, also while its images are still being built. */
export class RunningPush {
  readonly #options: RunningPushOptions;
  readonly #controller = new AbortController();
  readonly #transfer: ListPush;
  readonly ended: Promise<Push>;
  #setEnded: (push: Push) => void = () => undefined;
  #push: Push;
  #isEnding = false;

  constructor(push: Push, options: RunningPushOptions) {
    this.#push = push;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#setEnded = resolve;
    });
    this.#transfer = new ListPush({
      ...options,
      onProgress: (progress) => {
        if (!this.#isEnding) {
          this.#push = { ...this.#push, ...progress };
          options.onProgress(this.#push);
        }
      },
      signal: this.#controller.signal,
    });
    // also ends a push that fails while its images are still being built
    const onAbort = () => this.fail(this.#transfer.failed.reason);
    this.#transfer.failed.addEventListener('abort', onAbort, { once: true });
  }

  get push(): Push {
    return this.#push;
  }

  /** Looks for the registry while the content is being read. */
  open(): void {
    this.#transfer.open();
  }

  /** Signs in to the registry before the first blob is there. */
  connect(): void {
    this.#transfer.connect();
  }

  /** What nodes push themselves. Undefined if all goes through here. */
  get direct(): DirectPush | undefined {
    return this.#transfer.direct;
  }

  /** Counts an image that a node has pushed. */
  addPushed(image: ReceivedImage): void {
    if (!this.#isEnding) {
      this.#transfer.addPushed(image);
    }
  }

  /** A node could not push to the registry: its images go through here. */
  addNotDirect(node: string, problem: Problem): void {
    const { notDirect = [] } = this.#push;
    if (!this.#isEnding && notDirect.every((other) => other.node !== node)) {
      this.#push = { ...this.#push, notDirect: [...notDirect, { node, problem }] };
      this.#options.onProgress(this.#push);
    }
  }

  /** Layers are being compressed for the push. Undefined: they are done. */
  setCompressing(compressing: Push['compressing']): void {
    if (!this.#isEnding) {
      const { compressing: _, ...push } = this.#push;
      this.#push = compressing ? { ...push, compressing } : push;
      this.#options.onProgress(this.#push);
    }
  }

  /** What another compression has left out. */
  setLeftOut(leftOut: number): void {
    if (leftOut > 0) {
      this.#push = { ...this.#push, leftOut };
    }
  }

  /** Uploads blobs that are in the image store. */
  add(blobs: readonly BlobSize[]): void {
    if (!this.#isEnding) {
      this.#transfer.add(blobs);
    }
  }

  /** Pushes what is still missing. Never rejects: a failure is the problem of the push. */
  async finish(readContent: () => Promise<PushContent>): Promise<Push> {
    try {
      const result = await this.#transfer.finish(await readContent());
      const further = await this.#options.afterwards?.(result, this.#controller.signal);
      await this.#end({ status: 'done', ...result, ...further });
    } catch (error) {
      this.fail(error);
    }
    return this.ended;
  }

  /** Ends the push without an error of its own, and resolves when it has stopped. */
  async cancel(reason: Failure = pushCancelled()): Promise<void> {
    this.#controller.abort(reason);
    this.fail(reason);
    await this.ended;
  }

  /** Ends the push with the problem of an error, or of its cancellation. */
  fail(error: unknown): void {
    const { aborted, reason } = this.#controller.signal;
    void this.#end(
      aborted ? { status: 'cancelled', problem: problemOf(reason) } : { status: 'failed', problem: problemOf(error) },
    );
  }

  async #end(outcome: Partial<Push>): Promise<void> {
    if (this.#isEnding) {
      return;
    }
    this.#isEnding = true;
    await this.#transfer.close();
    const { compressing: _, ...push } = this.#push;
    this.#push = { ...push, ...outcome };
    if (this.#push.status === 'done') {
      await this.#options.onDone(this.#push);
    }
    this.#options.onEnd(this.#push);
    this.#setEnded(this.#push);
  }
}

function pushCancelled(): Failure {
  return fail(
    'push.cancelled',
    'The push was cancelled.',
    'Push again to continue: blobs that were uploaded are not sent again.',
  );
}
