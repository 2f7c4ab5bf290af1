import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from 'react';
import type { Node } from '../../shared/node.ts';
import { rangeMs, type Sample, type SampleRange, sampleRanges } from '../../shared/node-history.ts';
import { setSampleRange, useSamples, useWatchedSamples } from '../stores/samples.ts';
import { useSettings } from '../stores/settings.ts';
import { type ChartFacts, describeMoment, formatMinute, type Metric, metrics } from './chart-metrics.ts';
import { classes } from './classes.ts';
import { HistoryChart } from './HistoryChart.tsx';
import styles from './NodeCharts.module.css';
import { Segmented } from './Segmented.tsx';
import { useIsVisible } from './use-is-visible.ts';

export interface NodeChartsProps {
  readonly name: string;
  /** What the last probe found. Undefined for a node that is down. */
  readonly node: Node | undefined;
  /** `row`: side by side without labels, under the header of a table. */
  readonly layout?: 'card' | 'row' | 'large';
}

const noSamples: readonly Sample[] = [];

/**
 * Load, memory, disk and jobs of a node over time. The pointer, or the arrow keys, read all of them at one moment. They are drawn
 * while they are in the visible part of the page.
 */
export function NodeCharts({ name, node, layout = 'card' }: NodeChartsProps) {
  const ref = useRef<HTMLDivElement>(null);
  const isVisible = useIsVisible(ref);
  useWatchedSamples(name, isVisible);
  const samples = useSamples(({ byNode }) => byNode[name]) ?? noSamples;
  const range = useSamples((state) => state.range);
  const endMs = useSamples((state) => state.endMs);
  const facts = useFacts(node);
  const shown = shownMetrics(samples, facts, layout);
  const [cursorMs, setCursorMs] = useState<number>();
  const cursor = cursorMs === undefined ? undefined : nearest(samples, cursorMs);

  const onPointerMove = (event: PointerEvent<HTMLElement>): void => {
    const chart = event.target instanceof Element ? event.target.closest('[data-chart]') : null;
    if (chart) {
      const { left, width } = chart.getBoundingClientRect();
      setCursorMs(endMs - (1 - (event.clientX - left) / Math.max(1, width)) * rangeMs(range));
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = keyTarget(event.key, samples, cursor);
    if (next !== undefined) {
      event.preventDefault();
      setCursorMs(next === 'none' ? undefined : next);
    }
  };
  if (isVisible && samples.length === 0 && layout !== 'row') {
    return <div ref={ref} />;
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div
      ref={ref}
      role="group"
      aria-label={`History of ${name}`}
      // arrow keys read the charts
      tabIndex={samples.length > 0 ? 0 : -1}
      className={classes(styles.group, styles[layout])}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setCursorMs(undefined)}
      onKeyDown={onKeyDown}
      onBlur={() => setCursorMs(undefined)}
    >
      {isVisible &&
        shown
          .map((metric) => ({ metric, sample: cursor ?? newest(metric, samples, facts) }))
          .map(({ metric, sample }) => (
            <div key={metric.id} className={styles.metric}>
              {/* the chart says both */}
              {layout !== 'row' && (
                <span className={styles.label} aria-hidden="true">
                  {metric.label}
                </span>
              )}
              <span
                aria-hidden="true"
                className={classes(styles.value, sample && metric.isLow?.(sample, facts) && styles.low)}
              >
                {valueText(metric, sample, facts)}
              </span>
              <div data-chart="" className={styles.chart}>
                <HistoryChart
                  metric={metric}
                  node={name}
                  facts={facts}
                  samples={samples}
                  range={range}
                  endMs={endMs}
                  cursor={cursor}
                  size={layout === 'large' ? 'large' : 'small'}
                />
              </div>
            </div>
          ))}
      {isVisible && layout !== 'row' && (
        <p className={styles.time} aria-hidden="true">
          {cursor ? formatMinute(cursor.at) : `Last ${sampleRanges[range].label}`}
        </p>
      )}
      <output className="visually-hidden">{cursor ? describeMoment(cursor, facts) : ''}</output>
    </div>
  );
}

/** How long the time is that charts show. */
export function SampleRangeChoice() {
  const range = useSamples((state) => state.range);
  return <Segmented label="Time shown in charts" value={range} options={rangeOptions} onChange={setSampleRange} />;
}

const rangeOptions = (Object.keys(sampleRanges) as SampleRange[]).map((value) => ({
  value,
  label: sampleRanges[value].label,
}));

function useFacts(node: Node | undefined): ChartFacts {
  const usual = useSettings(({ settings }) => settings.jobsPerNode);
  const slots = node?.preferences?.slots ?? usual;
  const { cpus, memory, disk } = node ?? {};
  const [memoryTotal, diskTotal] = [memory?.total, disk?.total];
  // a probe that finds the same machine changes no chart
  return useMemo(
    () => ({
      slots,
      ...(cpus === undefined ? {} : { cpus }),
      ...(memoryTotal ? { memory: { total: memoryTotal, free: 0 } } : {}),
      ...(diskTotal ? { disk: { total: diskTotal, free: 0 } } : {}),
    }),
    [slots, cpus, memoryTotal, diskTotal],
  );
}

/** A table has a column for each; elsewhere those that were never measured are left out. */
function shownMetrics(
  samples: readonly Sample[],
  facts: ChartFacts,
  layout: NodeChartsProps['layout'],
): readonly Metric[] {
  return layout === 'row'
    ? metrics
    : metrics.filter(({ value }) => samples.some((sample) => value(sample, facts) !== undefined));
}

function newest({ value }: Metric, samples: readonly Sample[], facts: ChartFacts): Sample | undefined {
  return samples.findLast((sample) => value(sample, facts) !== undefined);
}

function valueText({ value, text }: Metric, sample: Sample | undefined, facts: ChartFacts): string {
  return sample && value(sample, facts) !== undefined ? text(sample, facts) : '–';
}

function nearest(samples: readonly Sample[], time: number): Sample | undefined {
  return samples.reduce<Sample | undefined>(
    (best, sample) => (best === undefined || Math.abs(sample.at - time) < Math.abs(best.at - time) ? sample : best),
    undefined,
  );
}

/** The time that a key moves the cursor to. Undefined for other keys. */
function keyTarget(key: string, samples: readonly Sample[], cursor: Sample | undefined): number | 'none' | undefined {
  const index = cursor ? samples.indexOf(cursor) : samples.length;
  switch (key) {
    case 'ArrowLeft':
      return samples[Math.max(0, index - 1)]?.at;
    case 'ArrowRight':
      return samples[Math.min(samples.length - 1, index + 1)]?.at;
    case 'Home':
      return samples[0]?.at;
    case 'End':
      return samples.at(-1)?.at;
    case 'Escape':
      return cursor ? 'none' : undefined;
    default:
      return undefined;
  }
}
