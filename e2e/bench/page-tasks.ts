/** The tasks of a page's main thread, which keep it from answering to people. */
import type { CDPSession } from 'playwright';

/** The tasks of the page's main thread, in milliseconds of processor time. */
export interface Work {
  readonly longest: number;
  readonly tasks: number;
  /** How many are longer than the limit. */
  readonly over: number;
  readonly share: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ph: string;
  /** The start and the duration, in microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  /** Processor time of the thread, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

function isTraceEvent(event: object): event is TraceEvent {
  return 'name' in event && 'ph' in event && 'pid' in event && 'tid' in event;
}

/** Records the tasks of the page's main thread during an action. Chromium's tracing tells them apart from waiting for a processor. */
export async function traceTasks(session: CDPSession, limitMs: number, act: () => Promise<void>): Promise<Work> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: object[] }): void => {
    events.push(...value.filter(isTraceEvent));
  };
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', {
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] },
  });
  const started = performance.now();
  await act();
  const took = performance.now() - started;
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  const pages = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const isInPage = ({ pid, tid }: TraceEvent): boolean => pages.some((page) => page.pid === pid && page.tid === tid);
  const tasks = outermost(events.filter((event) => event.ph === 'X' && isInPage(event))).map(
    ({ tdur = 0 }) => tdur / 1000,
  );
  return {
    longest: Math.max(0, ...tasks),
    tasks: tasks.length,
    over: tasks.filter((ms) => ms > limitMs).length,
    share: tasks.reduce((sum, ms) => sum + ms, 0) / took,
  };
}

/** The events that are no part of another. Not each is a `RunTask`: Chromium records what a promise starts apart. */
function outermost(events: readonly TraceEvent[]): TraceEvent[] {
  let endsAt = 0;
  return events
    .toSorted((a, b) => (a.ts ?? 0) - (b.ts ?? 0) || (b.dur ?? 0) - (a.dur ?? 0))
    .filter(({ ts = 0, dur = 0 }) => {
      const isOutside = ts >= endsAt;
      endsAt = isOutside ? ts + dur : endsAt;
      return isOutside;
    });
}
