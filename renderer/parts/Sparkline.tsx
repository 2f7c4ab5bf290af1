import styles from './Sparkline.module.css';

export interface SparklineProps {
  /** The trend as text, for screen readers: `The last 12 builds took 3:40 to 5:10`. */
  readonly label: string;
  /** Oldest first. */
  readonly values: readonly number[];
  readonly width?: number;
  readonly height?: number;
}

/** A small line chart without axes. The last value has a dot. */
export function Sparkline({ label, values, width = 64, height = 18 }: SparklineProps) {
  const max = Math.max(...values, 0);
  const min = Math.min(...values, max);
  const inset = 2.5;
  const points = values.map((value, index) => ({
    x: inset + (values.length > 1 ? index / (values.length - 1) : 1) * (width - 2 * inset),
    // equal values are in the middle
    y: height - inset - (max > min ? (value - min) / (max - min) : 0.5) * (height - 2 * inset),
  }));
  const last = points.at(-1);
  return (
    <svg width={width} height={height} role="img" aria-label={label} className={styles.sparkline}>
      <polyline points={points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} />
      {last && <circle cx={last.x} cy={last.y} r="2" />}
    </svg>
  );
}
