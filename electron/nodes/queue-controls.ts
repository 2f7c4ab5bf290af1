import { join } from 'node:path';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { CachedFile } from '../settings/cached-file.ts';
import { SettingsFile } from '../settings/settings-file.ts';

const buildId = z.string().max(100);
export const queueSchema = z.object({
  isPaused: z.boolean(),
  /** Builds that start no further jobs. */
  paused: z.array(buildId).readonly(),
  /** See `moveBuild`. */
  ranks: z.array(z.object({ build: buildId, rank: z.number().int() })).readonly(),
});
type QueueFile = Readonly<z.infer<typeof queueSchema>>;

/** What a person has decided of the queue. */
export interface QueueDecisions {
  readonly isPaused: boolean;
  readonly paused: ReadonlySet<string>;
  readonly ranks: ReadonlyMap<string, number>;
}

export const noDecisions: QueueDecisions = { isPaused: false, paused: new Set(), ranks: new Map() };

/** What a person has decided of the queue: builds that are paused or moved, in `queue.json`. */
export class QueueControls {
  readonly path: string;
  readonly #file: SettingsFile<QueueFile>;
  readonly #cached: CachedFile<QueueDecisions>;

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.path = join(folder, 'queue.json');
    this.#file = new SettingsFile<QueueFile>({
      format: dataFormats.queue,
      path: this.path,
      schema: queueSchema,
      empty: { isPaused: false, paused: [], ranks: [] },
    });
    this.#cached = new CachedFile(this.path, async () => decisionsOf(await this.#file.read()), noDecisions);
  }

  /** Another text when something else is decided. @throws Failure `settings.*` */
  async signature(): Promise<string> {
    return JSON.stringify(await this.#file.read());
  }

  /** As they were when they could be read last. */
  current(): Promise<QueueDecisions> {
    return this.#cached.get();
  }

  /**
   * Changes the decisions. What is decided of builds that are no longer in the queue is forgotten.
   * @param queued the builds of the queue
   * @throws Failure `settings.*`
   */
  async change(queued: readonly string[], change: (decisions: QueueDecisions) => QueueDecisions): Promise<void> {
    await this.#file.update((file) => {
      const { isPaused, paused, ranks } = change(decisionsOf(file));
      return {
        isPaused,
        paused: [...paused].filter((id) => queued.includes(id)),
        ranks: [...ranks].filter(([id]) => queued.includes(id)).map(([build, rank]) => ({ build, rank })),
      };
    });
  }
}

function decisionsOf({ isPaused, paused, ranks }: QueueFile): QueueDecisions {
  return { isPaused, paused: new Set(paused), ranks: new Map(ranks.map(({ build, rank }) => [build, rank])) };
}
