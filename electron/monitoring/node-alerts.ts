import { isDiskLow, type NodeStatus } from '../../shared/node.ts';
import type { NodeAlert } from '../../shared/node-alert.ts';

/** A node that comes back within this time was not down, in milliseconds: it restarts, or this computer has changed its network. */
const usualDownAfterMs = 60_000;

/** Alerts about several nodes are made one within this time, in milliseconds. */
const collectMs = 3_000;

/** A node that goes down again and again is reported no more often than this, in milliseconds. */
const repeatMs = 30 * 60_000;

/** The disk of a node must be that much freer than low until it can be reported as low again. */
const recoveredShare = 1.5;

interface Watched {
  /** Runs while the node is down and not reported. */
  timer?: NodeJS.Timeout | undefined;
  isReportedDown: boolean;
  /** When it was last reported as down, as a time of `performance.now()`. */
  reportedMs: number;
  isDiskLow: boolean;
  isSetAside: boolean;
  /** In bytes; 0 if it is not known. */
  diskTotal: number;
}

export interface NodeAlertsOptions {
  /** How long a node is down before that is reported, in milliseconds. */
  readonly downAfterMs?: number | undefined;
}

/**
 * Finds out what a person should hear of nodes: that one that had answered is down, that it is back, that its disk is low, and that it gets no jobs for a while.
 * Nodes that were not up since the start are not reported, and neither are short interruptions.
 */
export class NodeAlerts {
  readonly #onAlert: (alert: NodeAlert) => void;
  readonly #downAfterMs: number;
  /** The nodes that have been up. */
  readonly #nodes = new Map<string, Watched>();
  readonly #pending = new Map<NodeAlert['kind'], Set<string>>();
  #collecting: NodeJS.Timeout | undefined;

  constructor(onAlert: (alert: NodeAlert) => void, { downAfterMs = usualDownAfterMs }: NodeAlertsOptions = {}) {
    this.#onAlert = onAlert;
    this.#downAfterMs = downAfterMs;
  }

  update(status: NodeStatus): void {
    const { connection: name } = status;
    if (status.state === 'down') {
      const node = this.#nodes.get(name);
      if (node && !node.timer && !node.isReportedDown) {
        this.#waitUntilDown(name, node);
      }
      return;
    }
    const node: Watched = this.#nodes.get(name) ?? {
      ...{
        isReportedDown: false,
        reportedMs: Number.NEGATIVE_INFINITY,
        isDiskLow: false,
        isSetAside: false,
        diskTotal: 0,
      },
    };
    this.#nodes.set(name, node);
    node.diskTotal = status.node.disk?.total ?? 0;
    clearTimeout(node.timer);
    node.timer = undefined;
    if (node.isReportedDown) {
      node.isReportedDown = false;
      this.#report('back', name);
    }
    if (status.setAside && !node.isSetAside) {
      this.#report('set-aside', name);
    }
    node.isSetAside = status.setAside !== undefined;
    this.#checkDisk(name, node, status.node.disk);
  }

  /** To be called with the free bytes that a sample has found. */
  updateDisk(name: string, free: number): void {
    const node = this.#nodes.get(name);
    if (node) {
      this.#checkDisk(name, node, { free, total: node.diskTotal });
    }
  }

  /** Nodes that were removed are not reported any more. */
  retain(names: ReadonlySet<string>): void {
    for (const [name, { timer }] of this.#nodes) {
      if (!names.has(name)) {
        clearTimeout(timer);
        this.#nodes.delete(name);
      }
    }
  }

  /** To be called after this computer woke up: nodes get their time to come back again. */
  wake(): void {
    for (const [name, node] of this.#nodes) {
      if (node.timer) {
        clearTimeout(node.timer);
        this.#waitUntilDown(name, node);
      }
    }
  }

  close(): void {
    this.retain(new Set());
    clearTimeout(this.#collecting);
  }

  #waitUntilDown(name: string, node: Watched): void {
    node.timer = setTimeout(() => {
      node.timer = undefined;
      if (performance.now() - node.reportedMs >= repeatMs) {
        node.reportedMs = performance.now();
        node.isReportedDown = true;
        this.#report('down', name);
      }
    }, this.#downAfterMs).unref();
  }

  #checkDisk(name: string, node: Watched, disk: { readonly free: number; readonly total: number } | undefined): void {
    if (!disk || disk.total <= 0) {
      return;
    }
    if (isDiskLow(disk) && !node.isDiskLow) {
      node.isDiskLow = true;
      this.#report('disk-low', name);
    } else if (!isDiskLow({ ...disk, free: disk.free / recoveredShare })) {
      node.isDiskLow = false;
    }
  }

  #report(kind: NodeAlert['kind'], node: string): void {
    this.#pending.set(kind, (this.#pending.get(kind) ?? new Set()).add(node));
    this.#collecting ??= setTimeout(() => {
      this.#collecting = undefined;
      const alerts = [...this.#pending];
      this.#pending.clear();
      for (const [each, nodes] of alerts) {
        this.#onAlert({ kind: each, nodes: [...nodes] });
      }
    }, collectMs).unref();
  }
}
