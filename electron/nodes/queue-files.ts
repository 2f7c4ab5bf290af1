import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { nameSchema } from '../../shared/connection.ts';
import { referenceSchema } from '../../shared/image.ts';
import { platformSchema } from '../../shared/platform.ts';
import { queuePrioritySchema } from '../../shared/queue.ts';
import { diskFailure, isMissingPath } from '../system/file-errors.ts';
import { Heartbeat, readHeartbeat, readHeartbeatNote } from '../system/heartbeat.ts';
import type { OrderedJob } from './queue-order.ts';

/** What a job says of itself to other processes, which do not trust it. */
export const queuedJobSchema = z.object({
  buildId: z.string().regex(/^[\w-]{1,100}$/),
  reference: referenceSchema,
  platform: platformSchema,
  /** The connection that leads to the node, by its name when the build began. */
  node: nameSchema,
  priority: queuePrioritySchema,
  /** When its build asked for it, in milliseconds since 1970. */
  sinceMs: z.number().min(0),
  /** How long it takes, in milliseconds. */
  estimateMs: z.number().min(0).optional(),
});
export type JobNote = Readonly<z.infer<typeof queuedJobSchema>>;

/** A job in the queue of a node. */
export interface QueueEntry extends OrderedJob {
  /** Undefined if it cannot be read, for example of a newer version. */
  readonly note: JobNote | undefined;
  /** When it got its slot, in milliseconds since 1970. Undefined of a waiting job, or if it cannot be read. */
  readonly startedMs: number | undefined;
  /** It belongs to this process. */
  readonly isOwn: boolean;
}

const jobPattern = /^(?<number>\d{1,15})-[0-9a-f]{16}$/;
const slotSuffix = '.slot';

interface OwnJob {
  readonly note: JobNote;
  readonly heartbeat: Heartbeat;
  slot?: { readonly heartbeat: Heartbeat; readonly startedMs: number };
}

/**
 * The files of the queue of one node, in a folder that all processes share. Each job has a heartbeat `NUMBER-RANDOM`, whose number
 * is greater than those of all jobs before it, and while it runs a second one `NUMBER-RANDOM.slot`. No name is used twice, so
 * a process that removes the file of a dead process removes nothing else.
 */
export class QueueFiles {
  readonly folder: string;
  readonly #own = new Map<string, OwnJob>();
  /** What other processes said of their jobs, by id. It does not change. */
  readonly #notes = new Map<string, JobNote>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The jobs of living processes, in the order in which they came. @throws Failure `settings.unwritable`, `disk.full` */
  async list(): Promise<QueueEntry[]> {
    const names = await this.#names();
    const slots = new Set(names.filter((name) => name.endsWith(slotSuffix)).map(idOf));
    const ids = new Set([...names.map(idOf).filter((id) => jobPattern.test(id)), ...this.#own.keys()]);
    for (const id of this.#notes.keys()) {
      if (!ids.has(id)) {
        this.#notes.delete(id);
      }
    }
    const entries = await Promise.all([...ids].map((id) => this.#read(id, slots.has(id))));
    return entries.flatMap((entry) => entry ?? []).sort((one, other) => one.number - other.number);
  }

  /**
   * Adds a job at the end. No other process may do so meanwhile, or both may get the same number.
   * @returns its id. @throws Failure `disk.full`, `settings.unwritable`
   */
  async add(note: JobNote): Promise<string> {
    const numbers = [...(await this.#names()).map(numberOf), ...[...this.#own.keys()].map(numberOf)];
    const id = `${Math.max(0, ...numbers) + 1}-${randomBytes(8).toString('hex')}`;
    const heartbeat = await this.#start(id, note);
    this.#own.set(id, { note, heartbeat });
    return id;
  }

  /**
   * Marks a job of this process as running. It may run only if {@link list} then shows no more running jobs than there are slots:
   * of several processes that do so at once, the last one sees the files of all others. Otherwise it has to {@link yieldSlot}.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async takeSlot(id: string): Promise<void> {
    const job = this.#own.get(id);
    if (!job || job.slot) {
      return;
    }
    const startedMs = Date.now();
    const heartbeat = await this.#start(id + slotSuffix, { startedMs });
    if (this.#own.has(id)) {
      job.slot = { heartbeat, startedMs };
    } else {
      // the job was removed meanwhile
      await heartbeat.stop();
    }
  }

  async yieldSlot(id: string): Promise<void> {
    const job = this.#own.get(id);
    const slot = job?.slot;
    if (job && slot) {
      delete job.slot;
      await slot.heartbeat.stop();
    }
  }

  /** Removes a job of this process, also while it waits. May be called again. */
  async remove(id: string): Promise<void> {
    const job = this.#own.get(id);
    this.#own.delete(id);
    // a running job is never seen as waiting again
    await job?.heartbeat.stop();
    await job?.slot?.heartbeat.stop();
  }

  /** Removes what dead processes have left behind, also older versions. */
  async removeDead(): Promise<void> {
    const names = (await this.#names()).filter((name) => !this.#own.has(idOf(name)));
    await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        if ((await readHeartbeat(path)) === 'dead') {
          await rm(path, { force: true });
        }
      }),
    );
  }

  async #read(id: string, hasSlot: boolean): Promise<QueueEntry | undefined> {
    const number = numberOf(id);
    const own = this.#own.get(id);
    if (own) {
      return entryOf(id, number, own.note, own.slot !== undefined, { startedMs: own.slot?.startedMs, isOwn: true });
    }
    const [job, slot] = await Promise.all([
      readHeartbeatNote(join(this.folder, id)),
      hasSlot ? readHeartbeatNote(join(this.folder, id + slotSuffix)) : undefined,
    ]);
    const isRunning = slot?.state === 'alive';
    if (!isRunning && job.state !== 'alive') {
      return undefined;
    }
    const note = this.#notes.get(id) ?? parse(queuedJobSchema, job.note);
    if (note) {
      this.#notes.set(id, note);
    }
    const startedMs = slot && parse(startSchema, slot.note)?.startedMs;
    return entryOf(id, number, note, isRunning, { startedMs, isOwn: false });
  }

  #start(name: string, note: object): Promise<Heartbeat> {
    const path = join(this.folder, name);
    return Heartbeat.start(path, `${JSON.stringify(note)}\n`).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
  }

  /** The names of all files of the queue. Older versions gave a job only a number. */
  async #names(): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isMissingPath(error)) {
        return [];
      }
      throw diskFailure(error, join(this.folder, 'x'));
    });
    return names.filter((name) => /^\d{1,15}(-[0-9a-f]{16}(\.slot)?)?$/.test(name));
  }
}

const startSchema = z.object({ startedMs: z.number() });

function entryOf(
  id: string,
  number: number,
  note: JobNote | undefined,
  isRunning: boolean,
  facts: Pick<QueueEntry, 'startedMs' | 'isOwn'>,
): QueueEntry {
  // a job that cannot be read counts as a build of its own that has just come
  const { buildId = id, priority = 'normal', sinceMs = Date.now() } = note ?? {};
  return { id, number, buildId, priority, sinceMs, isRunning, note, ...facts };
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    // it was only partly written
    return undefined;
  }
}

function idOf(name: string): string {
  return name.endsWith(slotSuffix) ? name.slice(0, -slotSuffix.length) : name;
}

function numberOf(name: string): number {
  return Number(idOf(name).split('-', 1)[0]);
}
