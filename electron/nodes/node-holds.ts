import { userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { fail } from '../../shared/problem.ts';
import { type HoldState, type NodeHold, nodeHoldSchema } from '../../shared/queue.ts';
import { holdText } from '../../shared/queue-text.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { CachedFile } from '../settings/cached-file.ts';
import { SettingsFile } from '../settings/settings-file.ts';

export const nodeHoldsSchema = z.object({ holds: z.array(nodeHoldSchema).readonly() });

const maxReasonLength = 200;

/** The nodes that a person has paused or drained, in `node-holds.json`. */
export class NodeHolds {
  readonly path: string;
  readonly #file: SettingsFile<z.infer<typeof nodeHoldsSchema>>;
  readonly #cached: CachedFile<readonly NodeHold[]>;

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.path = join(folder, 'node-holds.json');
    this.#file = new SettingsFile({
      format: dataFormats.nodeHolds,
      path: this.path,
      schema: nodeHoldsSchema,
      empty: { holds: [] },
    });
    this.#cached = new CachedFile(this.path, () => this.list(), []);
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<readonly NodeHold[]> {
    return (await this.#file.read()).holds;
  }

  /** As they were when they could be read last, by node. */
  async current(): Promise<ReadonlyMap<string, NodeHold>> {
    return new Map((await this.#cached.get()).map((hold) => [hold.node, hold]));
  }

  /** Pauses or drains a node. @throws Failure `settings.*` */
  async hold(node: string, state: HoldState, reason = ''): Promise<NodeHold> {
    const text = sanitizeLine(reason, maxReasonLength);
    const by = userName();
    const hold: NodeHold = {
      node,
      state,
      ...(text ? { reason: text } : {}),
      ...(by ? { by } : {}),
      at: new Date().toISOString(),
    };
    await this.#file.update((file) => ({
      ...file,
      holds: [...file.holds.filter((other) => other.node !== node), hold],
    }));
    return hold;
  }

  /** Lets a node take jobs again. @throws Failure `settings.*` */
  async resume(node: string): Promise<void> {
    await this.follow(node, undefined);
  }

  /** To be called when a connection was renamed, or removed if there is no new name. @throws Failure `settings.*` */
  async follow(name: string, now: string | undefined): Promise<void> {
    await this.#file.update((file) => {
      const hold = file.holds.find(({ node }) => node === name);
      if (!hold) {
        return file;
      }
      const others = file.holds.filter(({ node }) => node !== name && node !== now);
      return { ...file, holds: now === undefined ? others : [...others, { ...hold, node: now }] };
    });
  }
}

function userName(): string | undefined {
  try {
    return userInfo().username.slice(0, 100);
  } catch {
    // a user without an entry in the system's list has no name
    return undefined;
  }
}

/** Why a node takes no jobs. */
export function holdFailure(hold: NodeHold) {
  return fail(
    hold.state === 'paused' ? 'node.paused' : 'node.draining',
    `Node ${holdText(hold)}.`,
    'Resume the node, or build on others.',
  ).offering({ id: 'resume-node', node: hold.node });
}
