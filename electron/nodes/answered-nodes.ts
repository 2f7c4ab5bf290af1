import { z } from 'zod';
import type { Connection } from '../../shared/connection.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { nodeFactsSchema } from '../../shared/node.ts';
import { SettingsFile } from '../settings/settings-file.ts';

/** What a node said in the last milliseconds is good enough for those who cannot wait. */
export const recentMs = 60_000;

type Target = Pick<Connection, 'name' | 'uri'>;

/** What a node has said of itself, and when, in milliseconds since 1970. */
const probedSchema = z.object({ uri: z.string(), atMs: z.number(), facts: nodeFactsSchema });
type StoredProbe = Readonly<z.infer<typeof probedSchema>>;
export type Probed = Omit<StoredProbe, 'uri'>;

export const answeredNodesSchema = z.object({
  answered: z.array(z.string()).readonly(),
  /** Only of the last minute. */
  probed: z.array(probedSchema).readonly().optional().catch(undefined),
});

/**
 * Which engines have ever answered, by the URIs of their connections, and what they said in the last minute. In `nodes.json`, so
 * that the next process knows it.
 */
export class AnsweredNodes {
  readonly #file: SettingsFile<z.infer<typeof answeredNodesSchema>>;
  /** Undefined until the file has been read. */
  #uris: ReadonlySet<string> | undefined;
  /** The URI of each connection, by its name. */
  readonly #targets = new Map<string, string>();
  #probed: readonly StoredProbe[] = [];
  #writing: Promise<void> = Promise.resolve();

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.answeredNodes,
      folder,
      schema: answeredNodesSchema,
      empty: { answered: [] },
    });
  }

  /** Notes where a connection leads. */
  note({ name, uri }: Target): void {
    this.#targets.set(name, uri);
  }

  /** Where a connection leads, if it was noted. */
  uriOf(name: string): string | undefined {
    return this.#targets.get(name);
  }

  /** Reads what this and other processes have found. An unreadable file only means that less is known. */
  async load(): Promise<void> {
    const file = await this.#file.read().catch(() => undefined);
    if (file) {
      this.#uris = new Set([...(this.#uris ?? []), ...file.answered]);
      this.#probed = file.probed ?? [];
    }
  }

  /** To be called when a node has answered. @param all the connections that there are: others are forgotten */
  add(name: string, all: () => Promise<readonly Target[]>): void {
    const uri = this.#targets.get(name);
    if (uri === undefined || this.#uris?.has(uri)) {
      return;
    }
    if (this.#uris) {
      this.#uris = new Set([...this.#uris, uri]);
    }
    const write = async (): Promise<void> => {
      const known = new Set((await all()).map((connection) => connection.uri));
      await this.#file.update(({ answered, ...file }) => ({
        ...file,
        answered: [...new Set([...answered, uri])].filter((each) => known.has(each)),
      }));
    };
    this.#writing = this.#writing.then(write).catch(() => undefined);
  }

  /** What the node of a URI has said in the last minute to another process, as {@link load} has read it. */
  recall(uri: string): Probed | undefined {
    return this.#probed.find((each) => each.uri === uri && isWithin(recentMs, each));
  }

  /** Keeps what nodes have said for {@link recall} of other processes. An error only means that they ask themselves. */
  async keep(probed: readonly StoredProbe[]): Promise<void> {
    const recent = probed.filter((each) => isWithin(recentMs, each) && this.recall(each.uri)?.atMs !== each.atMs);
    if (recent.length === 0) {
      return;
    }
    const isOther = ({ uri }: StoredProbe): boolean => recent.every((each) => each.uri !== uri);
    const write = async (): Promise<void> => {
      await this.#file.update(({ probed: others = [], ...file }) => ({
        ...file,
        probed: [...recent, ...others.filter((each) => isOther(each) && isWithin(recentMs, each))],
      }));
    };
    this.#writing = this.#writing.then(write).catch(() => undefined);
    await this.#writing;
  }

  /** Whether it is known that the engine of a connection has never answered. */
  neverAnswered(name: string): boolean {
    const uri = this.#targets.get(name);
    return uri !== undefined && this.#uris !== undefined && !this.#uris.has(uri);
  }

  /** To be called when a connection was changed or removed. */
  forget(name: string): void {
    this.#targets.delete(name);
  }

  /** Resolves when everything is on the disk. */
  async close(): Promise<void> {
    await this.#writing;
  }
}

/** Whether a node has said it at most so many milliseconds ago. A clock that was set back makes nothing recent. */
export function isWithin(maxAgeMs: number, probed: Pick<Probed, 'atMs'> | undefined): boolean {
  const ageMs = probed ? Date.now() - probed.atMs : Number.NEGATIVE_INFINITY;
  return ageMs >= 0 && ageMs < maxAgeMs;
}
