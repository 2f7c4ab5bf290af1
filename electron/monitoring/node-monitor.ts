import pLimit from 'p-limit';
import type { Connection } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { quietIntervalMs, type Sample, type SampleRange } from '../../shared/node-history.ts';
import type { NodeSamples } from '../../shared/sample.ts';
import { type Measurement, measureMachine } from '../engines/machine-facts.ts';
import type { Transport } from '../engines/transport/transport.ts';
import type { Events } from '../events.ts';
import type { ConnectionPool } from '../nodes/connection-pool.ts';
import { JobCounts } from './job-counts.ts';
import { SampleStore } from './sample-store.ts';

/** How often open nodes are sampled while someone looks at them or a build runs, in milliseconds. */
const busyIntervalMs = 15_000;

/** Nodes are sampled more often for so long after their samples were requested, in milliseconds. A window requests them again within that time. */
const watchedMs = 40_000;

/** How often samples are written, in milliseconds. */
const saveIntervalMs = 60_000;

/** How long a node may take to answer, in milliseconds. */
const timeoutMs = 10_000;

/** How many nodes are sampled at once. */
const samplesAtOnce = 8;

export interface NodeMonitorOptions {
  /** The folder of the samples. */
  readonly folder: string;
  readonly pool: Pick<ConnectionPool, 'openConnections'>;
  readonly events: Pick<Events, 'subscribe'>;
  readonly connections: () => Promise<readonly Connection[]>;
  /** Whether nodes are sampled. Otherwise only what other processes have seen can be read. */
  readonly isSampling: boolean;
  /** Called with the free bytes of the disk of each node that was sampled. */
  readonly onDisk?: (node: string, free: number) => void;
  /** Default: {@link busyIntervalMs} and {@link quietIntervalMs}. */
  readonly intervals?: { readonly busyMs: number; readonly quietMs: number };
}

/**
 * Samples the nodes whose connections are open, without opening one and without keeping one from being closed when it is idle.
 * What probes report is a sample, too, and so is each change of the jobs of a node.
 */
export class NodeMonitor {
  readonly #options: NodeMonitorOptions;
  readonly #store: SampleStore;
  readonly #counts = new JobCounts();
  /** The URI of each connection. */
  #uris = new Map<string, string>();
  /** What the last probe of each node has measured, and whether the node is up. */
  readonly #probed = new Map<string, string>();
  /** Transports over which nothing can be measured. */
  readonly #unmeasurable = new WeakSet<Transport>();
  readonly #closed = new AbortController();
  readonly #unsubscribe: () => void;
  #watchedUntilMs = Number.NEGATIVE_INFINITY;
  #sampledMs = Number.NEGATIVE_INFINITY;
  #savedMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(options: NodeMonitorOptions) {
    this.#options = options;
    this.#store = new SampleStore(options.folder);
    this.#unsubscribe = options.isSampling
      ? options.events.subscribe((event) => this.#onEvent(event))
      : () => undefined;
    if (options.isSampling) {
      this.#round = this.#start();
    }
  }

  /** The samples of nodes over a range that ends now, also of other processes. @param since see `NodeHistory.samples` */
  async samples(names: readonly string[], range: SampleRange, since?: number): Promise<NodeSamples[]> {
    if (!this.#options.isSampling) {
      await this.#readConnections();
    }
    this.#watchedUntilMs = performance.now() + watchedMs;
    this.#plan();
    const now = Date.now();
    return Promise.all(
      names.map(async (node) => {
        const uri = this.#uris.get(node);
        const history = uri === undefined ? undefined : await this.#store.read(uri);
        return { node, samples: history?.samples(range, now, since) ?? [] };
      }),
    );
  }

  /** Ends sampling, and resolves when all samples are on the disk. */
  async close(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#closed.abort();
    await this.#round;
    if (this.#options.isSampling) {
      await this.#store.save();
    }
  }

  async #start(): Promise<void> {
    await this.#readConnections();
    await this.#store.retain(new Set(this.#uris.values()));
    this.#plan();
  }

  async #readConnections(): Promise<void> {
    // connections that cannot be read now have no samples
    this.#setConnections(await this.#options.connections().catch(() => []));
  }

  #setConnections(connections: readonly Connection[]): void {
    this.#uris = new Map(connections.map(({ name, uri }) => [name, uri]));
  }

  #onEvent(event: AppEvent): void {
    const hadBuilds = this.#counts.hasBuilds;
    for (const node of this.#counts.update(event)) {
      this.#add(node, {});
    }
    if (event.event === 'node.changed') {
      this.#onStatus(event.status);
    } else if (event.event === 'farms.changed') {
      this.#setConnections(event.connections);
      void this.#store.retain(new Set(this.#uris.values()));
    }
    if (!hadBuilds && this.#counts.hasBuilds) {
      this.#plan();
    }
  }

  #onStatus(status: NodeStatus): void {
    const { connection } = status;
    if (status.state === 'down') {
      // only the moment at which it was lost
      if (this.#probed.delete(connection)) {
        this.#add(connection, { down: true });
      }
      return;
    }
    const { load, memory, disk, latencyMs } = status.node;
    const measured = JSON.stringify([load, memory, disk, latencyMs]);
    // a status is also repeated when something else than its probe has changed
    if (this.#probed.get(connection) !== measured) {
      this.#probed.set(connection, measured);
      this.#add(connection, {
        ...(load === undefined ? {} : { load }),
        ...(memory && memory.total > 0 ? { memoryFree: memory.free } : {}),
        ...(disk && disk.total > 0 ? { diskFree: disk.free } : {}),
      });
    }
  }

  #add(node: string, sample: Omit<Sample, 'at'>): void {
    const uri = this.#uris.get(node);
    if (uri !== undefined) {
      const counts = sample.down ? {} : this.#counts.of(node);
      this.#store.change(uri).add({ at: Date.now(), ...counts, ...sample });
    }
  }

  /** Plans the next round. */
  #plan(): void {
    clearTimeout(this.#timer);
    if (!this.#options.isSampling || this.#closed.signal.aborted) {
      return;
    }
    const now = performance.now();
    const { busyMs = busyIntervalMs, quietMs = quietIntervalMs } = this.#options.intervals ?? {};
    const intervalMs = this.#counts.hasBuilds || now < this.#watchedUntilMs ? busyMs : quietMs;
    this.#timer = setTimeout(
      () => {
        this.#sampledMs = performance.now();
        this.#round = this.#sampleAll().then(() => this.#plan());
      },
      Math.max(0, this.#sampledMs + intervalMs - now),
    ).unref();
  }

  async #sampleAll(): Promise<void> {
    const open = await this.#options.pool.openConnections();
    await pLimit(samplesAtOnce).map(open, ({ connection, transport }) => this.#sample(connection.name, transport));
    if (performance.now() - this.#savedMs > saveIntervalMs) {
      this.#savedMs = performance.now();
      await this.#store.save();
    }
  }

  /** Never rejects. */
  async #sample(node: string, transport: Transport): Promise<void> {
    if (transport.isSaturated() || this.#unmeasurable.has(transport)) {
      return;
    }
    const signal = AbortSignal.any([this.#closed.signal, transport.lost, AbortSignal.timeout(timeoutMs)]);
    const measured: Measurement = await measureMachine(transport, signal).catch(() => ({}));
    if (signal.aborted) {
      return;
    }
    if (Object.keys(measured).length === 0) {
      this.#unmeasurable.add(transport);
    } else {
      this.#add(node, measured);
      if (measured.diskFree !== undefined) {
        this.#options.onDisk?.(node, measured.diskFree);
      }
    }
  }
}
