import { memo } from 'react';
import { isMeasured, rangeMs, type Sample, type SampleRange, withoutGaps } from '../../shared/node-history.ts';
import { type ChartFacts, describeChart, type Metric } from './chart-metrics.ts';
import { classes } from './classes.ts';
import styles from './HistoryChart.module.css';

export interface HistoryChartProps {
  readonly metric: Metric;
  readonly node: string;
  readonly facts: ChartFacts;
  /** Oldest first. */
  readonly samples: readonly Sample[];
  readonly range: SampleRange;
  /** When the range ends, in milliseconds since 1970. */
  readonly endMs: number;
  /** The moment that is read. */
  readonly cursor: Sample | undefined;
  readonly size?: 'small' | 'large';
}

/** The chart is drawn on a grid of this size and stretched. */
const [width, height] = [200, 40];

/** A line chart of something of a node, without axes. Where it was not measured there is no line. */
export function HistoryChart(props: HistoryChartProps) {
  const { metric, node, facts, samples, range, endMs, cursor, size = 'small' } = props;
  const cursorValue = cursor && metric.value(cursor, facts);
  return (
    <div
      role="img"
      aria-label={describeChart(metric, node, samples, facts, range)}
      className={classes(styles.chart, styles[size])}
    >
      <Lines metric={metric} facts={facts} samples={samples} range={range} endMs={endMs} />
      {cursor && (
        <span
          className={classes(styles.cursor, cursorValue === undefined && styles.empty)}
          style={{ left: `${shareOf(cursor.at, range, endMs) * 100}%` }}
        >
          {cursorValue !== undefined && (
            <span
              className={styles.dot}
              style={{ bottom: `${(cursorValue / topOf(metric, facts, samples)) * 100}%` }}
            />
          )}
        </span>
      )}
    </div>
  );
}

type LinesProps = Pick<HistoryChartProps, 'metric' | 'facts' | 'samples' | 'range' | 'endMs'>;

/** Does not change with the cursor. */
const Lines = memo(function Lines({ metric, facts, samples, range, endMs }: LinesProps) {
  const top = topOf(metric, facts, samples);
  const parts = withoutGaps(
    samples.filter((sample) => !isMeasured(sample) || metric.value(sample, facts) !== undefined),
    range,
  );
  const pointsOf = (part: readonly Sample[], levelOf: (sample: Sample) => number | undefined): Point[] =>
    part.map((sample) => ({
      x: shareOf(sample.at, range, endMs) * width,
      y: height - ((levelOf(sample) ?? 0) / top) * height,
    }));
  const shapes = parts.map((part) => {
    const all = pointsOf(part, (sample) => metric.value(sample, facts));
    const { part: partValue } = metric;
    return { key: part[0]?.at, all, inner: partValue ? pointsOf(part, partValue) : undefined };
  });
  const downs = samples.filter(({ down }) => down);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <line x1="0" x2={width} y1={height} y2={height} className={styles.base} />
      {shapes.map(({ key, all, inner }) => (
        <g key={key}>
          <path d={`${path(all, metric.isStepped)}V${height}H${all[0]?.x ?? 0}Z`} className={styles.area} />
          {inner && <path d={path(all, metric.isStepped)} className={styles.outer} />}
          <path d={path(inner ?? all, metric.isStepped)} className={styles.line} />
        </g>
      ))}
      {downs.map(({ at }) => (
        <line
          key={at}
          x1={shareOf(at, range, endMs) * width}
          x2={shareOf(at, range, endMs) * width}
          y1={height * 0.55}
          y2={height}
          className={styles.down}
        />
      ))}
    </svg>
  );
});

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A single point becomes a short line. */
function path([first, ...rest]: readonly Point[], isStepped = false): string {
  if (!first) {
    return '';
  }
  const text = (value: number): string => value.toFixed(1);
  const others = rest.length === 0 ? [{ x: first.x + 1, y: first.y }] : rest;
  const lines = others.map(({ x, y }) => (isStepped ? `H${text(x)}V${text(y)}` : `L${text(x)},${text(y)}`));
  return `M${text(first.x)},${text(first.y)}${lines.join('')}`;
}

function topOf({ value, limit }: Metric, facts: ChartFacts, samples: readonly Sample[]): number {
  return Math.max(limit(facts), ...samples.map((sample) => value(sample, facts) ?? 0), 1e-9);
}

/** Where a time is in a range, from 0 to 1. */
function shareOf(at: number, range: SampleRange, endMs: number): number {
  return Math.min(1, Math.max(0, 1 - (endMs - at) / rangeMs(range)));
}
