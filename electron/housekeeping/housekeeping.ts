/** Housekeeping: what takes space on nodes, and its removal after a preview. */
import { randomBytes } from 'node:crypto';
import type { Connection } from '../../shared/connection.ts';
import type { NodeSelection } from '../../shared/farm.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { fail, type Problem, problemOf } from '../../shared/problem.ts';
import { type KeptReason, type PrunePart, pruneOrder, storageKinds } from '../../shared/storage-kinds.ts';
import type {
  KindUse,
  NodePreview,
  NodeUse,
  PrunedItem,
  PrunePreview,
  PruneReport,
  PruneRules,
  StorageSum,
} from '../../shared/storage-use.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import type { NodeWork } from '../builds/node-work.ts';
import type { ProjectMemories } from '../builds/project-memory.ts';
import type { Engine, StoredItems } from '../engines/engine.ts';
import type { ConnectionPool } from '../nodes/connection-pool.ts';
import type { Nodes } from '../nodes/nodes.ts';
import { classify, type KnownOfNode } from './classify.ts';
import { removeSelected } from './remove-selected.ts';
import {
  type Candidate,
  type Listing,
  removableBytes,
  type Selected,
  type Selection,
  selectItems,
} from './select-items.ts';

/** A preview is kept so long, in milliseconds, and so many of them. */
const previewMs = 60 * 60_000;
const maxPreviews = 10;

const maxNames = 20;
const maxNameLength = 200;

interface Services {
  readonly nodes: Pick<Nodes, 'select' | 'probeConnections' | 'statuses'>;
  readonly pool: Pick<ConnectionPool, 'connect'>;
  readonly projects: Pick<ProjectMemories, 'cacheByNode'>;
  readonly nodeWork: NodeWork;
}

/** A node in a preview. */
interface ListedNode {
  readonly connection: Connection;
  /** All connections to its engine, by whose names jobs and caches are known. */
  readonly names: readonly string[];
  readonly node?: Node;
  readonly listing?: Listing;
  readonly sameAs?: string;
  readonly problem?: Problem;
}

interface KeptPreview {
  readonly atMs: number;
  readonly nodes: readonly ListedNode[];
  readonly selections: ReadonlyMap<string, Selection>;
}

export class Housekeeping {
  readonly #services: Services;
  readonly #previews = new Map<string, KeptPreview>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** What takes space on the selected nodes. @throws Failure as `Nodes.select`, and the reason of the signal */
  async use(selection: NodeSelection, signal?: AbortSignal): Promise<NodeUse[]> {
    return (await this.#listNodes(selection, 'all', signal)).map(({ connection, node, listing, sameAs, problem }) => ({
      node: connection.name,
      kinds: listing ? kindUses(listing) : [],
      ...(node?.disk && node.disk.total > 0 ? { disk: node.disk } : {}),
      ...(node?.temporary ? { temporary: node.temporary } : {}),
      ...(sameAs === undefined ? {} : { sameAs }),
      ...(problem ? { problem } : {}),
    }));
  }

  /**
   * What a prune by the rules would remove from the selected nodes.
   * @param from an earlier preview, whose nodes are not asked again
   * @throws Failure as {@link use}, `prune.expired`
   */
  async preview(
    { rules, from, ...selection }: NodeSelection & { readonly rules: PruneRules; readonly from?: string | undefined },
    signal?: AbortSignal,
  ): Promise<PrunePreview> {
    const earlier = from === undefined ? undefined : this.#find(from);
    const nodes = earlier?.nodes ?? (await this.#listNodes(selection, 'removable', signal));
    const now = Date.now();
    const selections = new Map(
      nodes.map(({ connection, listing }) => [
        connection.name,
        selectItems(listing?.candidates ?? [], rules, { now, sharedBytes: listing?.sharedBytes ?? 0 }),
      ]),
    );
    const id = randomBytes(8).toString('hex');
    this.#previews.set(id, { atMs: earlier?.atMs ?? performance.now(), nodes, selections });
    this.#forgetOld();
    return {
      id,
      rules,
      nodes: nodes.map((listed) => nodePreview(listed, selections.get(listed.connection.name))),
    };
  }

  /** A part of what a preview removes from a node, what goes first first. @throws Failure `prune.expired` */
  items({ id, node, from, count }: { id: string; node: string; from: number; count: number }): PrunedItem[] {
    const selected = this.#find(id).selections.get(node)?.selected ?? [];
    return selected.slice(from, from + count).map(toPrunedItem);
  }

  /**
   * Removes what a preview shows, on all of its nodes in parallel, except for what has come into use or changed. A preview is used once.
   * @throws Failure `prune.expired`, and the reason of the signal
   */
  async prune({ id }: { readonly id: string }, signal?: AbortSignal): Promise<PruneReport[]> {
    const { nodes, selections } = this.#find(id);
    this.#previews.delete(id);
    const reports = await Promise.all(
      nodes
        .filter(({ sameAs }) => sameAs === undefined)
        .map((listed) => this.#pruneNode(listed, selections.get(listed.connection.name)?.selected ?? [], signal)),
    );
    signal?.throwIfAborted();
    return reports;
  }

  async #pruneNode(listed: ListedNode, selected: readonly Selected[], signal?: AbortSignal): Promise<PruneReport> {
    const { connection, names, problem } = listed;
    const node = connection.name;
    if (problem || selected.length === 0) {
      return { node, removed: 0, reclaimedBytes: 0, kept: [], ...(problem ? { problem } : {}) };
    }
    try {
      const { engine } = await this.#services.pool.connect(connection, signal);
      const { removed, kept, bytes } = await removeSelected(selected, {
        engine,
        names,
        nodeWork: this.#services.nodeWork,
        list: () => this.#list(engine, names, 'removable', signal),
        signal,
      });
      return { node, removed, reclaimedBytes: bytes, kept: sums(kept) };
    } catch (error) {
      signal?.throwIfAborted();
      return { node, removed: 0, reclaimedBytes: 0, kept: [], problem: problemOf(error) };
    }
  }

  async #listNodes(
    selection: NodeSelection,
    detail: 'removable' | 'all',
    signal: AbortSignal | undefined,
  ): Promise<ListedNode[]> {
    const { nodes, pool } = this.#services;
    const connections = await nodes.select(selection);
    const statuses = await nodes.probeConnections(connections, signal ? { signal } : {});
    const sameEngine = enginesOf([...nodes.statuses(), ...statuses]);
    const firsts = new Map<string, string>();
    return Promise.all(
      connections.map(async (connection, position): Promise<ListedNode> => {
        const { name } = connection;
        const status = statuses[position];
        if (status?.state !== 'up') {
          return { connection, names: [name], ...(status ? { problem: status.problem } : {}) };
        }
        const { node } = status;
        const names = sameEngine.get(node.engineId ?? '') ?? [name];
        const first = firsts.get(node.engineId ?? name);
        if (first !== undefined) {
          return { connection, names, sameAs: first };
        }
        firsts.set(node.engineId ?? name, name);
        try {
          const { engine } = await pool.connect(connection, signal);
          return { connection, names, node, listing: await this.#list(engine, names, detail, signal) };
        } catch (error) {
          signal?.throwIfAborted();
          return { connection, names, problem: problemOf(error) };
        }
      }),
    );
  }

  async #list(
    engine: Engine,
    names: readonly string[],
    detail: 'removable' | 'all',
    signal: AbortSignal | undefined,
  ): Promise<Listing> {
    const stored = await engine.storage.list(detail, signal);
    const known = await this.#known(names);
    const left = engine.retention ? await Promise.all(names.map((name) => this.#services.nodeWork.left(name))) : [];
    const leftovers = left.flat().map(
      (id): Candidate => ({
        item: { kind: 'container', id, names: [id], bytes: 0, parents: [], isUsed: false },
        part: 'leftover',
        own: true,
        isHeld: false,
      }),
    );
    return { candidates: [...leftovers, ...classify(limited(stored), known)], sharedBytes: stored.sharedBytes };
  }

  /** What is known of an engine under the names of all connections to it. */
  async #known(names: readonly string[]): Promise<KnownOfNode> {
    const { projects, nodeWork } = this.#services;
    const [cached, areUsed, unneeded] = await Promise.all([
      projects.cacheByNode(),
      Promise.all(names.map((name) => nodeWork.isUsed(name))),
      Promise.all(names.map((name) => nodeWork.unneeded(name))),
    ]);
    return {
      images: names.flatMap((name) => cached.get(name)?.images ?? []),
      records: names.flatMap((name) => cached.get(name)?.records ?? []),
      unneeded: unneeded.flat(),
      hasJobs: areUsed.includes(true),
    };
  }

  #find(id: string): KeptPreview {
    const preview = this.#previews.get(id);
    if (!preview || performance.now() - preview.atMs > previewMs) {
      throw fail(
        'prune.expired',
        'This preview is no longer valid: it is older than an hour, or was used.',
        'Make the preview again.',
      );
    }
    return preview;
  }

  #forgetOld(): void {
    for (const [id, { atMs }] of this.#previews) {
      if (this.#previews.size > maxPreviews || performance.now() - atMs > previewMs) {
        this.#previews.delete(id);
      }
    }
  }
}

/** More than any node has. What a node says beyond that is left out. */
const maxItems = 200_000;

function limited(stored: StoredItems): StoredItems {
  return { ...stored, items: stored.items.slice(0, maxItems) };
}

/** The names of the connections to each engine. */
function enginesOf(statuses: readonly NodeStatus[]): Map<string, string[]> {
  const engines = new Map<string, Set<string>>();
  for (const status of statuses) {
    const id = status.state === 'up' ? status.node.engineId : undefined;
    if (id !== undefined) {
      engines.set(id, (engines.get(id) ?? new Set()).add(status.connection));
    }
  }
  return new Map([...engines].map(([id, names]) => [id, [...names]]));
}

const emptySum: StorageSum = { count: 0, bytes: 0 };

function add({ count, bytes }: StorageSum, more: number, times = 1): StorageSum {
  return { count: count + times, bytes: bytes + more };
}

function kindUses({ candidates, sharedBytes }: Listing): KindUse[] {
  const { selected } = selectItems(candidates, { parts: pruneOrder }, { now: 0 });
  const reclaimable = new Set(selected.map(({ item }) => item));
  return storageKinds.flatMap((kind): KindUse[] => {
    // what interrupted builds left is known here, not to the engine
    const some = candidates.filter(({ item, part }) => item.kind === kind && (kind !== 'container' || !part));
    const sum = (isCounted: (candidate: Candidate) => boolean): StorageSum =>
      some.filter(isCounted).reduce((total, { item }) => add(total, item.bytes), emptySum);
    const all = sum(() => true);
    const use = {
      kind,
      ...(kind === 'image' ? { count: all.count, bytes: all.bytes + sharedBytes } : all),
      own: sum(({ own }) => own),
      reclaimable: sum(({ item }) => reclaimable.has(item)),
    };
    return use.count > 0 || use.bytes > 0 ? [use] : [];
  });
}

function nodePreview(
  { connection, listing, sameAs, problem }: ListedNode,
  selection: Selection | undefined,
): NodePreview {
  const parts = new Map<PrunePart, StorageSum>();
  for (const { part, item } of selection?.selected ?? []) {
    parts.set(part, add(parts.get(part) ?? emptySum, item.bytes));
  }
  return {
    node: connection.name,
    parts: pruneOrder.flatMap((part) => {
      const sum = parts.get(part);
      return sum ? [{ part, ...sum }] : [];
    }),
    kept: sums(selection?.kept ?? {}),
    bytes: listing ? removableBytes(listing.candidates) + listing.sharedBytes : 0,
    atLeast: (listing?.sharedBytes ?? 0) > 0,
    ...(sameAs === undefined ? {} : { sameAs }),
    ...(problem ? { problem } : {}),
  };
}

function sums(kept: Readonly<Partial<Record<KeptReason, StorageSum>>>): PruneReport['kept'] {
  return Object.entries(kept).map(([reason, sum]) => ({ reason: reason as KeptReason, ...sum }));
}

function toPrunedItem({ item, part, own, usedAt }: Selected): PrunedItem {
  return {
    kind: item.kind,
    part,
    id: sanitizeLine(item.id, maxNameLength),
    names: item.names.slice(0, maxNames).map((name) => sanitizeLine(name, maxNameLength)),
    bytes: item.bytes,
    ...(Number.isFinite(usedAt) && usedAt < 8.64e15 ? { usedAt: new Date(usedAt).toISOString() } : {}),
    own,
  };
}
