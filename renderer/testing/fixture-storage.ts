/** What nodes store, made up: the same for a node each time. */
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { type PrunePart, pruneOrder, type StorageKind } from '../../shared/storage-kinds.ts';
import type { NodePreview, NodeUse, PrunedItem } from '../../shared/storage-use.ts';
import { fixtureNow } from './fixture-clock.ts';
import { chance } from './fixture-data.ts';

interface FixtureNode {
  readonly items: readonly PrunedItem[];
  readonly usedBytes: number;
}

const kindOf: Readonly<Record<PrunePart, StorageKind>> = {
  leftover: 'image',
  dangling: 'image',
  cache: 'cache',
  context: 'context',
  project: 'image',
  unused: 'image',
};
const names: Readonly<Partial<Record<PrunePart, readonly string[]>>> = {
  cache: ['[2/4] COPY . /app', 'pulled from docker.io/library/node:22', 'local source for context', '[4/4] RUN npm ci'],
  unused: ['docker.io/library/node:22', 'registry.example.com/team/api:1.3', 'docker.io/library/postgres:17'],
  leftover: ['localhost/barnraiser/3f2ab1c05d77:linux-arm64-t7k2m1-9c3e11aa'],
};
const hourMs = 3_600_000;

export class FixtureStorage {
  readonly #count: number;
  readonly #previews = new Map<string, ReadonlyMap<string, readonly PrunedItem[]>>();
  readonly #removed = new Set<string>();

  /** @param count things on each node */
  constructor(count: number) {
    this.#count = count;
  }

  use(nodes: readonly string[], downNodes: ReadonlyMap<string, NodeUse['problem']>): NodeUse[] {
    return nodes.map((node): NodeUse => {
      const problem = downNodes.get(node);
      if (problem) {
        return { node, kinds: [], problem };
      }
      const { items, usedBytes } = this.#node(node);
      const sum = (some: readonly PrunedItem[]) => ({
        count: some.length,
        bytes: some.reduce((total, { bytes }) => total + bytes, 0),
      });
      const kinds = (['image', 'cache', 'context'] as const).map((kind) => {
        const some = items.filter((item) => item.kind === kind);
        const all = sum(some);
        return {
          kind,
          count: all.count + (kind === 'image' ? 3 : 0),
          bytes: all.bytes + (kind === 'image' ? usedBytes : 0),
          own: sum(some.filter(({ own }) => own)),
          reclaimable: all,
        };
      });
      const none = { count: 0, bytes: 0 };
      const volume = { kind: 'volume' as const, count: 2, bytes: Math.round(chance(`v${node}`) * 2e9) };
      return {
        node,
        kinds: [...kinds, { ...volume, own: none, reclaimable: none }],
        disk: { total: 256e9, free: Math.round(chance(node) * 200e9) },
        ...(chance(`t${node}`) > 0.7 ? { temporary: { total: 8e9, free: 3e9 } } : {}),
      };
    });
  }

  preview(
    nodes: readonly string[],
    { rules }: Pick<CallRequest<'storage.preview'>, 'rules'>,
    downNodes: ReadonlyMap<string, NodeUse['problem']>,
  ): CallOutput<'storage.preview'> {
    const id = `preview-${this.#previews.size}`;
    const chosen = new Map<string, readonly PrunedItem[]>();
    const previews = nodes.map((node): NodePreview => {
      const problem = downNodes.get(node);
      if (problem) {
        return { node, parts: [], kept: [], bytes: 0, atLeast: false, problem };
      }
      const { items, usedBytes } = this.#node(node);
      const all = items.reduce((sum, { bytes }) => sum + bytes, usedBytes);
      const oldest = fixtureNow() - (rules.olderThanMs ?? 0);
      let left = all;
      const selected = items.filter(({ part, usedAt, bytes }) => {
        const isOld = rules.olderThanMs === undefined || (usedAt !== undefined && Date.parse(usedAt) < oldest);
        const goes = rules.parts.includes(part) && isOld && (rules.keepBytes === undefined || left > rules.keepBytes);
        left -= goes ? bytes : 0;
        return goes;
      });
      chosen.set(node, selected);
      return {
        node,
        parts: pruneOrder.flatMap((part) => {
          const some = selected.filter((item) => item.part === part);
          return some.length === 0
            ? []
            : [{ part, count: some.length, bytes: some.reduce((sum, { bytes }) => sum + bytes, 0) }];
        }),
        kept: rules.parts.includes('unused') ? [{ reason: 'used', count: 3, bytes: usedBytes }] : [],
        bytes: all,
        atLeast: false,
      };
    });
    this.#previews.set(id, chosen);
    return { id, rules, nodes: previews };
  }

  items({ id, node, from, count }: CallRequest<'storage.items'>): PrunedItem[] {
    return [...(this.#previews.get(id)?.get(node) ?? [])].slice(from, from + count);
  }

  prune(id: string): CallOutput<'storage.prune'> {
    return [...(this.#previews.get(id) ?? [])].map(([node, items]) => {
      for (const item of items) {
        this.#removed.add(item.id);
      }
      const reclaimedBytes = items.reduce((sum, { bytes }) => sum + bytes, 0);
      return { node, removed: items.length, reclaimedBytes, kept: [] };
    });
  }

  #node(node: string): FixtureNode {
    const items = Array.from({ length: this.#count }, (_, position): PrunedItem => {
      const key = `${node} ${position}`;
      const part = pruneOrder[Math.floor(chance(`part ${key}`) * pruneOrder.length)] ?? 'cache';
      const all = names[part] ?? [];
      const name = all[Math.floor(chance(`name ${key}`) * all.length)];
      return {
        kind: kindOf[part],
        part,
        id: `${Math.round(chance(`id ${key}`) * 2 ** 48)
          .toString(16)
          .padStart(12, '0')}${'0'.repeat(52)}`,
        names: name === undefined ? [] : [name],
        bytes: Math.round(chance(`size ${key}`) ** 4 * 9e8),
        usedAt: new Date(fixtureNow() - Math.round(chance(`age ${key}`) ** 3 * 1500) * hourMs).toISOString(),
        own: part !== 'unused' && part !== 'dangling',
      };
    });
    return {
      items: items
        .filter(({ id }) => !this.#removed.has(id))
        .sort((one, other) => ((one.usedAt ?? '') < (other.usedAt ?? '') ? -1 : 1)),
      usedBytes: Math.round(chance(`used ${node}`) * 6e9),
    };
  }
}
