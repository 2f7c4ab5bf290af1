/** Outputs: what of images in local storage is written to files and folders, and loaded into engines. */
import { randomUUID } from 'node:crypto';
import type { Connection } from '../../shared/connection.ts';
import type { Digest } from '../../shared/image.ts';
import { type Output, outputOf, outputRow, standardOutput } from '../../shared/output.ts';
import type { OutputState } from '../../shared/output-state.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { Events } from '../events.ts';
import { assertFree, exportList, type OutputOptions, withList } from '../images/export-list.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { ConnectionPool } from '../nodes/connection-pool.ts';
import { loadIntoEngine } from './load-image.ts';
import { openLocalEngine } from './local-engine.ts';
import type { WrittenFolders } from './written-folders.ts';

/** Ended outputs that are listed at most. */
const maxEndedOutputs = 100;

export interface OutputsOptions {
  readonly store: ImageStore;
  readonly events: Events;
  readonly pool: Pick<ConnectionPool, 'connect'>;
  readonly written: WrittenFolders;
  /** @throws Failure `connection.unknown` */
  readonly connection: (name: string) => Promise<Connection>;
}

export interface OutputRequest {
  readonly reference: string;
  /** See `parseOutput`. */
  readonly output: string;
  /** The build that it belongs to, which replaces files that are there, as other builders do. */
  readonly buildId?: string;
  /** The list that the reference has to have. */
  readonly digest?: Digest;
  readonly replaces?: boolean;
}

/** An output that is written now. */
export interface RunningOutput {
  readonly state: OutputState;
  /** Resolves with its last state. Never rejects: a failure is its problem. */
  readonly ended: Promise<OutputState>;
  cancel(): void;
}

/** Writes outputs, and emits their progress. */
export class Outputs {
  readonly #options: OutputsOptions;
  /** The running outputs and the last ones that have ended, by id, the oldest first. */
  readonly #states = new Map<string, OutputState>();
  readonly #running = new Map<string, RunningOutput>();
  #isClosed = false;

  constructor(options: OutputsOptions) {
    this.#options = options;
  }

  /** Newest first. */
  list(): OutputState[] {
    return [...this.#states.values()].reverse();
  }

  /**
   * Checks before any work whether outputs can be written.
   * @throws Failure `image.destination`, `connection.unknown`, `input.invalid`
   */
  async check(outputs: readonly string[], replacesFiles = false): Promise<void> {
    const paths = new Set<string>();
    for (const text of outputs) {
      const output = outputOf(text);
      const key = output.path ?? text;
      if (paths.has(key) && output.kind !== 'oci') {
        throw fail('input.invalid', `Two outputs go to ${key}.`, 'Choose another place for one of them.');
      }
      paths.add(key);
      if (output.path === standardOutput) {
        throw fail('input.invalid', 'An output to standard output needs a terminal.', 'Choose a file.');
      }
      if (output.node !== undefined) {
        await this.#options.connection(output.node);
      }
      await this.#assertFree(output, replacesFiles && outputRow(output.kind).target === 'file');
    }
  }

  async #assertFree(output: Output, replaces: boolean): Promise<boolean> {
    const { written } = this.#options;
    const isOwn =
      !replaces && output.kind === 'rootfs' && output.path !== undefined && (await written.isUnchanged(output.path));
    await assertFree(output, replaces || isOwn);
    return replaces || isOwn;
  }

  /** @throws Failure as {@link check}, and `image.unknown` */
  async start(request: OutputRequest): Promise<OutputState> {
    await this.#options.store.find(request.reference);
    if (!request.replaces) {
      await this.check([request.output], request.buildId !== undefined);
    }
    return this.begin(request).state;
  }

  /** Starts an output. What is wrong with it becomes its problem. */
  begin(request: OutputRequest): RunningOutput {
    const { events } = this.#options;
    const controller = new AbortController();
    const id = randomUUID();
    let state: OutputState = {
      id,
      ...(request.buildId === undefined ? {} : { buildId: request.buildId }),
      reference: request.reference,
      output: request.output,
      status: 'running',
      totalBytes: 0,
      doneBytes: 0,
    };
    const change = (changed: Partial<OutputState>): void => {
      state = { ...state, ...changed };
      this.#states.set(id, state);
      events.batch({ event: 'output.changed', output: state });
    };
    const options: OutputOptions & { readonly signal: AbortSignal } = {
      signal: controller.signal,
      digest: request.digest,
      onTotal: (totalBytes) => change({ totalBytes }),
      onBytes: (count) => change({ doneBytes: Math.min(state.doneBytes + count, state.totalBytes) }),
    };
    const write = async (): Promise<OutputState> => {
      try {
        const { path, images, notes, bytes } = await this.#write(request, options);
        change({
          status: 'done',
          totalBytes: bytes,
          doneBytes: bytes,
          ...(path === undefined ? {} : { path }),
          ...(images ? { images: [...images] } : {}),
          ...(notes && notes.length > 0 ? { notes: [...notes] } : {}),
        });
      } catch (error) {
        const { aborted, reason } = controller.signal;
        change(
          aborted
            ? { status: 'cancelled', problem: problemOf(reason) }
            : { status: 'failed', problem: problemOf(error) },
        );
      }
      events.flush();
      this.#running.delete(id);
      this.#forgetOld();
      return state;
    };
    change({});
    if (this.#isClosed) {
      controller.abort(cancelled());
    }
    const ended = write();
    const running: RunningOutput = {
      get state() {
        return state;
      },
      ended,
      cancel: () => controller.abort(cancelled()),
    };
    this.#running.set(id, running);
    return running;
  }

  async #write(
    { reference, output: text, replaces = false, buildId }: OutputRequest,
    options: OutputOptions & { readonly signal: AbortSignal },
  ): Promise<{
    readonly path?: string;
    readonly images?: readonly string[];
    readonly notes?: readonly string[];
    readonly bytes: number;
  }> {
    const { store, written } = this.#options;
    const output = outputOf(text);
    const { target } = outputRow(output.kind);
    if (target === 'store') {
      return { bytes: 0 };
    }
    if (target === 'engine' || target === 'node') {
      return this.#load(reference, output, options);
    }
    const mayReplace = await this.#assertFree(output, replaces || (buildId !== undefined && target === 'file'));
    const result = await exportList(store, reference, output, { ...options, replaces: mayReplace });
    if (output.kind === 'rootfs') {
      await written.note(result.path).catch(() => undefined);
    }
    return result;
  }

  async #load(
    reference: string,
    output: Output,
    options: OutputOptions & { readonly signal: AbortSignal },
  ): Promise<{ readonly images: readonly string[]; readonly bytes: number }> {
    const { store, pool, connection } = this.#options;
    const { signal } = options;
    return withList(store, reference, options.digest, async (stored) => {
      if (output.node !== undefined) {
        const { engine } = await pool.connect(await connection(output.node), signal);
        return loadIntoEngine(store, stored, output, { reference, engine, node: output.node, options, signal });
      }
      const { engine, transport } = await openLocalEngine(
        output.kind === 'podman' ? ['podman'] : output.kind === 'docker-daemon' ? ['docker'] : ['docker', 'podman'],
        signal,
      );
      try {
        const node = 'this computer';
        return await loadIntoEngine(store, stored, output, { reference, engine, node, options, signal });
      } finally {
        await transport.close();
      }
    });
  }

  #forgetOld(): void {
    const ended = [...this.#states.keys()].filter((id) => !this.#running.has(id));
    for (const id of ended.slice(0, -maxEndedOutputs)) {
      this.#states.delete(id);
    }
  }

  /** Cancels an output and resolves when it has stopped. Does nothing if it has already ended. */
  async cancel(id: string): Promise<void> {
    const running = this.#running.get(id);
    running?.cancel();
    await running?.ended;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }
}

function cancelled() {
  return fail('call.cancelled', 'The output was cancelled.', 'Write it again if it is still needed.');
}
