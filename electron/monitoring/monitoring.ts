/** Watching the farm: samples of nodes over time, alerts about them, and statistics of their jobs. */
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { History } from '../builds/history.ts';
import type { Events } from '../events.ts';
import { BuildStatistics } from './build-statistics.ts';
import { NodeAlerts, type NodeAlertsOptions } from './node-alerts.ts';
import { NodeMonitor, type NodeMonitorOptions } from './node-monitor.ts';

export interface MonitoringOptions extends Omit<NodeMonitorOptions, 'onDisk'>, NodeAlertsOptions {
  readonly events: Events;
  readonly history: Pick<History, 'days'>;
}

/** Watches the nodes while a window may be open, and summarizes what the history says of them. */
export class Monitoring {
  readonly #monitor: NodeMonitor;
  readonly #alerts: NodeAlerts;
  readonly #statistics: BuildStatistics;
  readonly #unsubscribe: () => void;

  constructor({ history, ...options }: MonitoringOptions) {
    const { events, isSampling } = options;
    this.#alerts = new NodeAlerts((alert) => events.emit({ event: 'node.alert', alert }), options);
    this.#monitor = new NodeMonitor({ ...options, onDisk: (node, free) => this.#alerts.updateDisk(node, free) });
    this.#statistics = new BuildStatistics(() => history.days());
    this.#unsubscribe = isSampling
      ? events.subscribe((event) => {
          if (event.event === 'node.changed') {
            this.#alerts.update(event.status);
          } else if (event.event === 'farms.changed') {
            this.#alerts.retain(new Set(event.connections.map(({ name }) => name)));
          }
        })
      : () => undefined;
  }

  samples({ connections, range, since }: CallRequest<'samples.get'>): Promise<CallOutput<'samples.get'>> {
    return this.#monitor.samples(connections, range, since);
  }

  statistics(request: CallRequest<'statistics.get'>, signal: AbortSignal): Promise<CallOutput<'statistics.get'>> {
    return this.#statistics.get({ ...request, signal });
  }

  /** To be called after this computer woke up. */
  wake(): void {
    this.#alerts.wake();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#alerts.close();
    await this.#monitor.close();
  }
}
