import { lazyPart, useLoaded } from './lazy-part.tsx';
import type { NodeChartsProps } from './NodeCharts.tsx';

const NodeCharts = lazyPart(async () => (await import('./NodeCharts.tsx')).NodeCharts);

/** The charts of a node. The window starts without their code, and shows nothing in their place until it is there. */
export function LazyNodeCharts(props: NodeChartsProps) {
  return useLoaded(NodeCharts, true) ? <NodeCharts {...props} /> : null;
}
