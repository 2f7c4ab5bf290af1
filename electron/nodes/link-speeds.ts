import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { SettingsFile } from '../settings/settings-file.ts';

/** How fast bytes go to a node and come from it, in bytes per second. What was not measured yet is missing. */
export interface LinkSpeed {
  readonly up?: number | undefined;
  readonly down?: number | undefined;
}

/** Less says more of the delay than of the speed. */
const minBytes = 256 * 1024;
const minMs = 20;
/** How much the last measurement counts. */
const newShare = 0.5;
/** So many nodes are remembered, those that were measured last. */
const maxNodes = 1000;

const speedSchema = z.object({ up: z.number().positive().optional(), down: z.number().positive().optional() });
export const linkSpeedsSchema = z.object({ nodes: z.record(z.string(), speedSchema) });

/** What a job has transferred: bytes, and the time that it took in milliseconds. */
export interface Transfer {
  readonly bytes: number;
  readonly ms: number;
}

/** How fast bytes go to nodes and come from them, measured by jobs. In `link-speeds.json`. */
export class LinkSpeeds {
  readonly #file: SettingsFile<z.infer<typeof linkSpeedsSchema>>;
  #writing: Promise<void> = Promise.resolve();

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.linkSpeeds,
      folder,
      schema: linkSpeedsSchema,
      empty: { nodes: {} },
    });
  }

  /** By node. An unreadable file only means that less is known. */
  async all(): Promise<Readonly<Record<string, LinkSpeed>>> {
    const { nodes } = await this.#file.read().catch(() => ({ nodes: {} }));
    return nodes;
  }

  /** Adds what a job has measured. Short transfers do not count. */
  add(node: string, { up, down }: { readonly up: Transfer; readonly down: Transfer }): void {
    const measured = { ...rate('up', up), ...rate('down', down) };
    if (Object.keys(measured).length === 0) {
      return;
    }
    const write = async (): Promise<void> => {
      await this.#file.update(({ nodes }) => {
        const { [node]: before = {}, ...others } = nodes;
        const after = { up: mix(before.up, measured.up), down: mix(before.down, measured.down) };
        const newest = Object.entries(others).slice(-(maxNodes - 1));
        return { nodes: { ...Object.fromEntries(newest), [node]: after } };
      });
    };
    this.#writing = this.#writing.then(write).catch(() => undefined);
  }

  /** Resolves when everything is on the disk. */
  async close(): Promise<void> {
    await this.#writing;
  }
}

function rate(direction: 'up' | 'down', { bytes, ms }: Transfer): LinkSpeed {
  return bytes < minBytes || ms < minMs ? {} : { [direction]: (bytes / ms) * 1000 };
}

function mix(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined ? (now ?? before) : before * (1 - newShare) + now * newShare;
}
