import { type KeyboardEvent, memo, type ReactNode, startTransition, useMemo, useRef, useState } from 'react';
import type { Build } from '../../../shared/build.ts';
import { formatCount, formatDuration, formatPlatform } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { MiddleEllipsis } from '../../parts/MiddleEllipsis.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { SharedTooltip } from '../../parts/SharedTooltip.tsx';
import { useNow } from '../../parts/use-now.ts';
import { packTracks } from './bar-tracks.ts';
import type { ContainerfileSource } from './containerfile-source.ts';
import { StepTable } from './StepTable.tsx';
import { type Bar, type StepRow, stepRows } from './step-rows.ts';
import { createAxis, percentOf, type TimeAxis } from './time-axis.ts';
import styles from './Waterfall.module.css';
import barStyles from './WaterfallBar.module.css';
import { BarFacts, trackHeight, WaterfallBar } from './WaterfallBar.tsx';
import { nextBar } from './waterfall-keys.ts';

type Shape = 'step' | 'platform' | 'table' | 'graph';

const shapes = [
  { value: 'step', label: 'By step' },
  { value: 'platform', label: 'By platform' },
  { value: 'table', label: 'Table' },
  { value: 'graph', label: 'Graph' },
] as const;

/** With more platforms, a row for each step takes too much space, and a row for each platform is the default. */
const maxPlatformsByStep = 4;

/** More steps than a Containerfile has. An engine may report more, and the page would be slow. */
const maxRows = 500;

const StepGraph = lazyPart(async () => (await import('./StepGraph.tsx')).StepGraph);

const noSteps: ContainerfileSource['steps'] = [];

export interface WaterfallProps {
  readonly build: Build;
  readonly source: ContainerfileSource | undefined;
}

/** The steps of a build: when each platform ran each of them on a common time axis, as a table, or as a graph. */
export function Waterfall({ build, source }: WaterfallProps) {
  const [chosen, setChosen] = useState<Shape>();
  const shape = chosen ?? (build.jobs.length > maxPlatformsByStep ? 'platform' : 'step');
  // with hundreds of steps the page stays usable meanwhile
  const show = (next: Shape): void => startTransition(() => setChosen(next));
  const allRows = useMemo(() => stepRows(build), [build]);
  const rows = useMemo(() => allRows.slice(0, maxRows), [allRows]);
  return (
    <section aria-labelledby="build-steps" className={styles.section}>
      <header className={styles.header}>
        <h2 id="build-steps">Steps</h2>
        <Legend rows={rows} />
        <Segmented label="Show steps" value={shape} options={shapes} onChange={show} />
      </header>
      {rows.length === 0 ? (
        <p className={styles.empty}>{build.status === 'running' ? 'No steps yet.' : 'No steps were run.'}</p>
      ) : shape === 'table' ? (
        <StepTable build={build} rows={rows} />
      ) : shape === 'graph' ? (
        <StepGraph build={build} rows={rows} planned={source?.steps ?? noSteps} />
      ) : (
        <Chart build={build} rows={rows} by={shape} />
      )}
      {allRows.length > rows.length && (
        <p className={styles.empty}>{formatCount(allRows.length - rows.length, 'more step')}: see the logs.</p>
      )}
    </section>
  );
}

const legend = ['done', 'cached', 'running', 'failed', 'cancelled'] as const;

function Legend({ rows }: { rows: readonly StepRow[] }) {
  const states = new Set(rows.flatMap((row) => barsOf(row).map(({ state }) => state)));
  const isEmulated = rows.some(({ bars }) => bars.some((bar) => bar?.job.mode === 'emulated'));
  return (
    <ul className={styles.legend} aria-label="Legend">
      {legend
        .filter((state) => states.has(state))
        .map((state) => (
          <li key={state}>
            <span className={classes(barStyles.swatch, barStyles[state])} />
            {wordOf(state)}
          </li>
        ))}
      {isEmulated && (
        <li>
          <span className={classes(barStyles.swatch, barStyles.done, barStyles.hatched)} />
          emulated
        </li>
      )}
    </ul>
  );
}

interface ChartProps {
  readonly build: Build;
  readonly rows: readonly StepRow[];
  readonly by: 'step' | 'platform';
}

/** Rendered again only with the build: its Containerfile is loaded later, and changes nothing here. */
const Chart = memo(function Chart({ build, rows, by }: ChartProps) {
  const now = useNow();
  const isLive = build.status === 'running';
  const bars = useMemo(() => rows.flatMap(barsOf), [rows]);
  const latest = Math.max(0, ...bars.map(({ startMs, endMs = 0 }) => Math.max(startMs, endMs)));
  // the clock ticks once a second, so bars may be ahead of it
  const spanMs = Math.max(latest, isLive ? now - Date.parse(build.createdAt) : (build.durationMs ?? 0));
  const { endMs } = createAxis(spanMs, isLive);
  // the axis of a running build changes only with its end, so that memoized bars do not render every second
  // biome-ignore lint/correctness/useExhaustiveDependencies: the axis depends on its end, not on the current time
  const axis = useMemo(() => createAxis(spanMs, isLive), [endMs, isLive]);
  const [focused, setFocused] = useState<string>();
  const chart = useRef<HTMLDivElement>(null);
  const tabStop = bars.some(({ key }) => key === focused) ? focused : bars[0]?.key;

  function onKeyDown(event: KeyboardEvent): void {
    const from = bars.find(({ key }) => key === focused);
    const next = from && nextBar(bars, from, event.key, by);
    if (next && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      chart.current?.querySelector<HTMLElement>(`[data-bar="${CSS.escape(next.key)}"]`)?.focus();
    }
  }

  const factsOf = (element: HTMLElement) => {
    const described = bars.find(({ key }) => key === element.dataset.bar);
    return described && <BarFacts bar={described} />;
  };

  const bar = (each: Bar, track = 0) => (
    <WaterfallBar
      key={each.key}
      buildId={build.id}
      bar={each}
      axis={axis}
      isTabStop={each.key === tabStop}
      hasCaptionInside={by === 'platform'}
      track={track}
    />
  );

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move between the buttons inside
    <div
      ref={chart}
      className={classes(styles.chart, by === 'platform' && styles.byPlatform)}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => setFocused((previous) => target.dataset.bar ?? previous)}
    >
      <AxisLabels axis={axis} isLive={isLive} spanMs={spanMs} />
      <ol className={styles.body} aria-labelledby="build-steps">
        {by === 'step'
          ? rows.map((row) => (
              <li key={row.key} className={classes(styles.row, row.startsStage && styles.startsStage)}>
                <span className={styles.name}>
                  <span className={styles.number}>{row.number ?? ''}</span>
                  <span
                    className={classes('truncate', row.number === undefined ? styles.transfer : styles.code)}
                    title={row.text}
                  >
                    {row.text}
                  </span>
                </span>
                <ul>
                  {build.jobs.map(({ platform }, lane) => {
                    const ofLane = barsOf(row).filter((each) => each.lane === lane);
                    return (
                      // a platform that did not run the step has nothing to say
                      <li key={platform} className={styles.lane} aria-hidden={ofLane.length === 0 || undefined}>
                        <span className={styles.platform}>{ofLane.length > 0 && formatPlatform(platform)}</span>
                        <span className={styles.track}>{ofLane.map((each) => bar(each))}</span>
                      </li>
                    );
                  })}
                </ul>
              </li>
            ))
          : build.jobs.map((job, lane) => (
              <li key={job.platform} className={styles.row}>
                <span className={styles.name}>
                  <span className={classes('truncate', styles.strong)}>{formatPlatform(job.platform)}</span>
                  <MiddleEllipsis text={job.node} className={styles.node} />
                </span>
                <Lane bars={bars.filter((each) => each.lane === lane)} bar={bar} />
              </li>
            ))}
      </ol>
      <SharedTooltip area={chart} selector="[data-bar]" textOf={factsOf} />
    </div>
  );
});

/** The bars of a platform. Those that run at once are below each other. */
function Lane({ bars, bar }: { bars: readonly Bar[]; bar: (each: Bar, track: number) => ReactNode }) {
  const tracks = packTracks(bars);
  return (
    <span className={styles.track} style={{ height: tracks.count * trackHeight }}>
      {bars.map((each) => bar(each, tracks.of.get(each.key) ?? 0))}
    </span>
  );
}

/** The bars of a row, those of lost nodes first. */
function barsOf({ bars, earlierBars }: StepRow): Bar[] {
  return [...earlierBars, ...bars.filter((bar) => bar !== undefined)];
}

function AxisLabels({ axis, isLive, spanMs }: { axis: TimeAxis; isLive: boolean; spanMs: number }) {
  return (
    <>
      <div className={styles.axis} aria-hidden="true">
        <div className={styles.scale}>
          {axis.ticks.map(({ ms, label }) => (
            <span key={ms} className={styles.tick} style={{ left: `${percentOf(axis, ms)}%` }}>
              {label}
            </span>
          ))}
          {!isLive && (
            <span className={classes(styles.tick, styles.total)} style={{ left: `${percentOf(axis, spanMs)}%` }}>
              {formatDuration(spanMs)}
            </span>
          )}
        </div>
      </div>
      <div className={styles.gridLines} aria-hidden="true">
        {axis.ticks.map(({ ms }) => (
          <span key={ms} style={{ left: `${percentOf(axis, ms)}%` }} />
        ))}
        <span className={isLive ? styles.now : styles.end} style={{ left: `${percentOf(axis, spanMs)}%` }} />
      </div>
    </>
  );
}
