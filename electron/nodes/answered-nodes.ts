import { z } from 'zod';
import type { Connection } from '../../shared/connection.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { SettingsFile } from '../settings/settings-file.ts';

type Target = Pick<Connection, 'name' | 'uri'>;

export const answeredNodesSchema = z.object({ answered: z.array(z.string()).readonly() });

/** Which engines have ever answered, by the URIs of their connections. In `nodes.json`, so that a restart does not forget it. */
export class AnsweredNodes {
  readonly #file: SettingsFile<z.infer<typeof answeredNodesSchema>>;
  /** Undefined until the file has been read. */
  #uris: ReadonlySet<string> | undefined;
  /** The URI of each connection, by its name. */
  readonly #targets = new Map<string, string>();
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
      await this.#file.update(({ answered }) => ({
        answered: [...new Set([...answered, uri])].filter((each) => known.has(each)),
      }));
    };
    this.#writing = this.#writing.then(write).catch(() => undefined);
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
