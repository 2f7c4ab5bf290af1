/** The graph of a build: its stages and steps as a picture. Loaded when it is opened. */

import { type KeyboardEvent, memo, type RefObject, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { Build } from '../../../shared/build.ts';
import { formatClock, formatCount, formatDuration, formatPlatform } from '../../../shared/format.ts';
import type { PlannedStep } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { type DisplayPhase, PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { Select } from '../../parts/Select.tsx';
import { SharedTooltip } from '../../parts/SharedTooltip.tsx';
import { useNow } from '../../parts/use-now.ts';
import { type GraphEdge, type GraphLayout, layoutGraph, type StageBox } from './graph-layout.ts';
import { boxRectangle, edgePath, graphSize, nodeSize, positionOf } from './graph-shapes.ts';
import { openLogAtStep } from './open-log.ts';
import styles from './StepGraph.module.css';
import { mainRun, type StepNode, type StepRun, type StepState, stepGraph } from './step-graph.ts';
import { nextStep } from './step-graph-keys.ts';
import type { StepRow } from './step-rows.ts';
import { useZoom } from './use-zoom.ts';

const allPlatforms = 'all';

export interface StepGraphProps {
  readonly build: Build;
  readonly rows: readonly StepRow[];
  /** The steps of the Containerfile. */
  readonly planned: readonly PlannedStep[];
}

export function StepGraph({ build, rows, planned }: StepGraphProps) {
  const [chosen, setChosen] = useState(allPlatforms);
  const platform = chosen === allPlatforms ? undefined : chosen;
  const nodes = useMemo(() => stepGraph(build, rows, planned, platform), [build, rows, planned, platform]);
  const layout = useLayout(nodes);
  const [width, height] = graphSize(layout);
  const area = useRef<HTMLDivElement>(null);
  const zoom = useZoom(area, width, height);
  const { jobs } = build;
  return (
    <div className={styles.graph}>
      <div className={styles.tools}>
        {jobs.length > 1 && (
          <Select
            label="Platform of the graph"
            hideLabel
            value={chosen}
            options={[
              { value: allPlatforms, label: `All ${jobs.length} platforms` },
              ...jobs.map((job) => ({ value: job.platform as string, label: job.platform })),
            ]}
            onChange={setChosen}
          />
        )}
        <span className={styles.summary}>
          {formatCount(layout.stages.length, 'stage')}, {formatCount(nodes.length, 'step')}
        </span>
        <IconButton icon="minus" label="Zoom out" size="small" disabled={!zoom.canZoomOut} onClick={zoom.zoomOut} />
        <IconButton icon="plus" label="Zoom in" size="small" disabled={!zoom.canZoomIn} onClick={zoom.zoomIn} />
        <IconButton icon="fit" label="Fit into view" size="small" onClick={zoom.fit} />
      </div>
      {nodes.length === 0 ? (
        <p className={styles.none}>{platform} runs no steps: its image is from an earlier build.</p>
      ) : (
        <Canvas buildId={build.id} nodes={nodes} layout={layout} area={area} scale={zoom.scale} />
      )}
    </div>
  );
}

/** The layout, made anew only when the graph changes, and not with each change of a state. */
function useLayout(nodes: readonly StepNode[]): GraphLayout {
  const shape = nodes.map(({ id, stage, inputs }) => [id, stage, inputs.join(' ')].join('\n')).join('\n\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the layout depends on the shape of the graph alone
  return useMemo(() => layoutGraph(nodes), [shape]);
}

interface CanvasProps {
  readonly buildId: string;
  readonly nodes: readonly StepNode[];
  readonly layout: GraphLayout;
  readonly area: RefObject<HTMLDivElement | null>;
  readonly scale: number;
}

function Canvas({ buildId, nodes, layout, area, scale }: CanvasProps) {
  const byId = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes]);
  const [width, height] = graphSize(layout);
  const [focused, setFocused] = useState<string>();
  const [pointed, setPointed] = useState<string>();
  const hint = useId();
  const first = layout.stages[0]?.steps[0];
  const tabStop = focused !== undefined && byId.has(focused) ? focused : first;
  const active = pointed ?? focused;

  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls only when it opens
  useEffect(() => {
    const current = nodes.find(({ state }) => state === 'failed') ?? nodes.find(({ state }) => state === 'running');
    const cell = current && layout.cells.get(current.id);
    const [left, top] = cell ? positionOf(cell) : [0, 0];
    const { clientWidth = 0, clientHeight = 0 } = area.current ?? {};
    if (left + nodeSize.width > clientWidth || top + nodeSize.height > clientHeight) {
      // in the middle, so that what leads to it is seen as well
      area.current?.scrollTo?.({ left: left - clientWidth / 2, top: top - clientHeight / 2 });
    }
  }, []);

  function onKeyDown(event: KeyboardEvent): void {
    if (focused === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const next = nextStep(layout, focused, event.key);
    if (next !== undefined) {
      event.preventDefault();
      area.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(next)}"]`)?.focus();
    }
  }

  const factsOf = (element: HTMLElement) => {
    const node = byId.get(element.dataset.step ?? '');
    return node && <StepFacts node={node} byId={byId} />;
  };
  const idOf = (target: EventTarget): string | undefined =>
    target instanceof Element ? target.closest<HTMLElement>('[data-step]')?.dataset.step : undefined;

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={area}
      role="group"
      aria-label="Graph of the steps"
      aria-describedby={hint}
      className={styles.area}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => setFocused((before) => idOf(target) ?? before)}
      onBlur={() => setFocused(undefined)}
      onPointerOver={({ target }) => setPointed(idOf(target))}
      onPointerLeave={() => setPointed(undefined)}
    >
      <p id={hint} className="visually-hidden">
        Arrow keys move between the steps. Enter opens the log.
      </p>
      <div className={styles.sized} style={{ width: width * scale, height: height * scale }}>
        <div className={styles.canvas} style={{ width, height, transform: `scale(${scale})` }}>
          <Boxes layout={layout} />
          <Edges layout={layout} width={width} height={height} />
          <ActiveEdges layout={layout} active={active} width={width} height={height} />
          {layout.stages.map((box) => (
            <StageSteps
              key={box.stage}
              box={box}
              layout={layout}
              byId={byId}
              buildId={buildId}
              tabStop={box.steps.includes(tabStop ?? '') ? tabStop : undefined}
            />
          ))}
        </div>
      </div>
      <SharedTooltip area={area} selector="[data-step]" textOf={factsOf} />
    </div>
  );
}

const Boxes = memo(function Boxes({ layout }: { layout: GraphLayout }) {
  return layout.stages.map((box) => {
    const [left, top, width, height] = boxRectangle(box);
    return (
      <div key={box.stage} className={styles.box} style={{ left, top, width, height }} aria-hidden="true">
        <span className={styles.stage} title={box.stage}>
          {box.stage}
        </span>
      </div>
    );
  });
});

interface EdgesProps {
  readonly layout: GraphLayout;
  readonly width: number;
  readonly height: number;
}

const Edges = memo(function Edges({ layout, width, height }: EdgesProps) {
  return (
    <EdgeLayer width={width} height={height}>
      {layout.edges.map((edge) => (
        <Edge
          key={`${edge.from} ${edge.to}`}
          edge={edge}
          layout={layout}
          className={edge.isCrossing && styles.crossing}
        />
      ))}
    </EdgeLayer>
  );
});

/** What the active step uses, and what uses it. */
function ActiveEdges({ layout, active, ...size }: EdgesProps & { readonly active: string | undefined }) {
  return (
    <EdgeLayer {...size}>
      {layout.edges
        .filter(({ from, to }) => from === active || to === active)
        .map((edge) => (
          <Edge key={`${edge.from} ${edge.to}`} edge={edge} layout={layout} className={styles.activeEdge} />
        ))}
    </EdgeLayer>
  );
}

function EdgeLayer({ width, height, children }: { width: number; height: number; children: React.ReactNode }) {
  return (
    <svg className={styles.edges} width={width} height={height} aria-hidden="true">
      {children}
    </svg>
  );
}

function Edge({
  edge,
  layout,
  className,
}: {
  edge: GraphEdge;
  layout: GraphLayout;
  className: string | false | undefined;
}) {
  const from = layout.cells.get(edge.from);
  const to = layout.cells.get(edge.to);
  return from && to && <path d={edgePath(from, to)} className={classes(styles.edge, className)} />;
}

interface StageStepsProps {
  readonly box: StageBox;
  readonly layout: GraphLayout;
  readonly byId: ReadonlyMap<string, StepNode>;
  readonly buildId: string;
  readonly tabStop: string | undefined;
}

function StageSteps({ box, layout, byId, buildId, tabStop }: StageStepsProps) {
  return (
    <ol aria-label={box.stage === '' ? 'Steps' : `Stage ${box.stage.replace(/^stage (?=\d+$)/i, '')}`}>
      {box.steps.map((id) => {
        const node = byId.get(id);
        const cell = layout.cells.get(id);
        if (!node || !cell) {
          return null;
        }
        const [left, top] = positionOf(cell);
        return (
          <li key={id} className={styles.position} style={{ left, top, ...nodeSize }}>
            <NodeButton node={node} uses={usedText(node, byId)} buildId={buildId} isTabStop={id === tabStop} />
          </li>
        );
      })}
    </ol>
  );
}

/** The numbers of the steps that a step uses: `3 and 7`. */
function usedText({ inputs }: StepNode, byId: ReadonlyMap<string, StepNode>): string {
  return inputs.flatMap((id) => byId.get(id)?.number ?? []).join(' and ');
}

interface NodeButtonProps {
  readonly node: StepNode;
  readonly uses: string;
  readonly buildId: string;
  readonly isTabStop: boolean;
}

const NodeButton = memo(
  function NodeButton(props: NodeButtonProps) {
    const run = mainRun(props.node);
    const startedAt = props.node.state === 'running' ? run?.bar?.step?.startedAt : undefined;
    return startedAt === undefined ? (
      <NodeBody {...props} run={run} time={timeText(props.node, run)} />
    ) : (
      <RunningNode {...props} run={run} startedAt={startedAt} />
    );
  },
  ({ node, ...props }, { node: nextNode, ...nextProps }) =>
    contentOf(node) === contentOf(nextNode) &&
    props.uses === nextProps.uses &&
    props.buildId === nextProps.buildId &&
    props.isTabStop === nextProps.isTabStop,
);

/** Renders every second, since its time grows. */
function RunningNode({ startedAt, ...props }: NodeButtonProps & { run: StepRun | undefined; startedAt: string }) {
  return <NodeBody {...props} time={formatClock(Math.max(0, useNow() - Date.parse(startedAt)))} />;
}

function timeText({ state, runs }: StepNode, run: StepRun | undefined): string {
  const done = runs.filter((each) => each.state === 'done' || each.state === 'cached').length;
  if (done > 0 && done < runs.length && state !== 'failed') {
    return `${done} of ${runs.length}`;
  }
  if (state === 'cached') {
    return wordOf(state);
  }
  return run?.bar?.endMs === undefined ? '' : formatDuration(run.bar.endMs - run.bar.startMs);
}

interface NodeBodyProps extends NodeButtonProps {
  /** What a click opens the log of. */
  readonly run: StepRun | undefined;
  readonly time: string;
}

function NodeBody({ node, uses, buildId, isTabStop, run, time }: NodeBodyProps) {
  const { number, state, runs } = node;
  const text = node.text.replaceAll(/\s+/g, ' ');
  // the name of a button has to begin with what it shows
  const shown = [`${number}`, text, time].filter(Boolean).join(' ');
  const facts = [shown, spokenStates(runs), uses === '' ? [] : `uses ${/^\d+$/.test(uses) ? 'step' : 'steps'} ${uses}`]
    .flat()
    .join(', ');
  return (
    <button
      type="button"
      className={styles.node}
      data-step={node.id}
      data-state={state}
      tabIndex={isTabStop ? 0 : -1}
      aria-disabled={run === undefined}
      aria-label={`${facts}${run ? '. Open log at this step' : ''}`}
      onClick={() => run?.bar && openLogAtStep(buildId, run.bar)}
    >
      <PhaseGlyph phase={phaseOf(state)} />
      <span className={styles.number}>{number}</span> <span className={styles.text}>{text}</span>{' '}
      <span className={styles.time}>{time}</span>
      {runs.length > 1 && <span className={styles.runs} style={{ background: stripesOf(runs) }} />}
    </button>
  );
}

/** The colours of the platforms side by side, in one element: a large graph would have a thousand more. */
function stripesOf(runs: readonly StepRun[]): string {
  const percent = (index: number): string => `${(index / runs.length) * 100}%`;
  const stops = runs.map(({ state }, index) => `${stripes[state]} ${percent(index)} calc(${percent(index + 1)} - 1px)`);
  const gaps = stops.map((_, index) => `transparent calc(${percent(index + 1)} - 1px) ${percent(index + 1)}`);
  return `linear-gradient(90deg, ${stops.flatMap((stop, index) => [stop, gaps[index]]).join(', ')})`;
}

const stripes: Readonly<Record<StepState, string>> = {
  done: 'var(--done-fill)',
  cached: 'color-mix(in srgb, var(--cached-border) 45%, transparent)',
  running: 'var(--running-fill)',
  failed: 'var(--failed-fill)',
  cancelled: 'var(--cancelled-fill)',
  waiting: 'var(--border)',
  'not-run': 'var(--border)',
};

/** What a node shows, so that only changed nodes render again. */
function contentOf({ id, number, text, runs }: StepNode): string {
  return [
    id,
    number,
    text,
    ...runs.map(({ job, state, bar }) => `${job.platform} ${state} ${bar?.endMs} ${bar?.step?.firstLine}`),
  ].join('\n');
}

function phaseOf(state: StepState): DisplayPhase {
  return state === 'not-run' ? 'waiting' : state;
}

/** `done on amd64, running on arm64`; without the platforms if all are the same. */
function spokenStates(runs: readonly StepRun[]): string {
  const [first] = runs;
  return runs.every(({ state }) => state === first?.state)
    ? wordOf(first?.state ?? 'waiting')
    : runs.map(({ job, state }) => `${wordOf(state)} on ${formatPlatform(job.platform)}`).join(', ');
}

/** What the tooltip of a step says. */
function StepFacts({ node, byId }: { node: StepNode; byId: ReadonlyMap<string, StepNode> }) {
  const uses = usedText(node, byId);
  return (
    <span className={styles.facts}>
      <span className={styles.factsText}>{node.text}</span>
      {node.runs.map(({ job, state, bar }) => (
        <span key={job.platform}>
          {job.platform} on {job.node}: {wordOf(state)}
          {bar?.endMs !== undefined && state !== 'cached' && `, ${formatDuration(bar.endMs - bar.startMs)}`}
        </span>
      ))}
      <span className={styles.factsMore}>
        {[node.line === undefined ? [] : `Line ${node.line}`, uses === '' ? [] : `Uses step ${uses}`]
          .flat()
          .join(' · ')}
      </span>
    </span>
  );
}
