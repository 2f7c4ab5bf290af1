/** Schedules: builds at times, and builds whenever a project changes. */

import { type ReactNode, useState } from 'react';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatList,
  formatPathShort,
  formatReferenceShort,
} from '../../../shared/format.ts';
import { dateLocale } from '../../../shared/locale.ts';
import { pruneText } from '../../../shared/prune-text.ts';
import type { Timer, TimerRun } from '../../../shared/timer.ts';
import type { Watch } from '../../../shared/watch.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { contextMenu } from '../../parts/context-menu.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Page } from '../../parts/Page.tsx';
import { type DisplayPhase, PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import { Duration, RelativeTime } from '../../parts/Quantity.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { stopWatch, useAutomation } from '../../stores/automation.ts';
import { hrefOf, navigate, openSheet } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import { cronText } from './cron-choices.ts';
import { ScheduleDialog } from './ScheduleDialog.tsx';
import styles from './Schedules.module.css';

/** How many of the changed paths are named. */
const maxNamedPaths = 3;

export function SchedulesView() {
  const { timers, watches } = useAutomation();
  const [changing, setChanging] = useState<Timer>();
  const [removing, setRemoving] = useState<Timer>();
  const [isAddingPrune, setIsAddingPrune] = useState(false);
  const actions = (
    <>
      <Button icon="disk" onClick={() => setIsAddingPrune(true)}>
        New prune schedule…
      </Button>
      <Button icon="plus" onClick={() => openSheet({ sheet: 'new-build' })}>
        New build…
      </Button>
    </>
  );
  const notes = [
    ...(timers.length > 0 ? [formatCount(timers.length, 'schedule')] : []),
    ...(watches.length > 0 ? [formatCount(watches.length, 'watch', 'watches')] : []),
  ];
  return (
    <Page title="Schedules" note={notes.join(', ')} actions={actions} layout="column">
      {timers.length === 0 && watches.length === 0 ? (
        <EmptyState icon="clock" title="No schedules yet">
          Prepare a build, then choose Watch or Schedule beside the Build button. A watch builds whenever a file of the
          project changes, a schedule at the times that you choose, while Barnraiser is open. A prune schedule frees
          disk space on nodes at its times.
        </EmptyState>
      ) : (
        <>
          {watches.length > 0 && (
            <Section title="Watches" hint="Built on every change of their files, until Barnraiser is closed.">
              {watches.map((watch) => (
                <WatchRow key={watch.id} watch={watch} />
              ))}
            </Section>
          )}
          {timers.length > 0 && (
            <Section title="Schedules" hint="Run at their times, while Barnraiser is open.">
              {timers.map((timer) => (
                <TimerRow
                  key={timer.name}
                  timer={timer}
                  onChange={() => setChanging(timer)}
                  onRemove={() => setRemoving(timer)}
                />
              ))}
            </Section>
          )}
        </>
      )}
      {changing && <ScheduleDialog of={{ timer: changing }} onClose={() => setChanging(undefined)} />}
      {isAddingPrune && <ScheduleDialog of={{ prunes: true }} onClose={() => setIsAddingPrune(false)} />}
      <ConfirmDialog
        open={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Remove the schedule ${removing?.name ?? ''}?`}
        description="Its builds and images are kept."
        action="Remove schedule"
        onConfirm={async () => {
          if (removing) {
            await call('timers.remove', { name: removing.name });
          }
        }}
      />
    </Page>
  );
}

function Section({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <section aria-label={title} className={styles.section}>
      <h2 className={styles.heading}>{title}</h2>
      <p className={styles.hint}>{hint}</p>
      <ul className={styles.rows}>{children}</ul>
    </section>
  );
}

const runPhases: Readonly<Record<TimerRun['status'], { readonly phase: DisplayPhase; readonly word?: string }>> = {
  running: { phase: 'running' },
  done: { phase: 'done' },
  failed: { phase: 'failed' },
  cancelled: { phase: 'cancelled' },
  unchanged: { phase: 'cached', word: 'Nothing changed' },
  missed: { phase: 'warning', word: 'Missed' },
  skipped: { phase: 'waiting', word: 'Left out' },
};

function TimerRow({ timer, onChange, onRemove }: { timer: Timer; onChange: () => void; onRemove: () => void }) {
  const { name, cron, timeZone, task, last, next, isPaused } = timer;
  const isRunning = last?.status === 'running';
  const run = (): void => void call('timers.run', { name, detached: true }).catch(toastProblem);
  const build = last?.build;
  const items: MenuItem[] = [
    { label: 'Run now', icon: 'play', disabled: isRunning, run },
    ...(build === undefined
      ? []
      : [{ label: 'Show last build', icon: 'builds' as const, run: () => navigate({ view: 'build', id: build }) }]),
    { label: 'Change…', icon: 'edit', run: onChange },
    'separator',
    { label: 'Remove schedule…', icon: 'trash', danger: true, run: onRemove },
  ];
  return (
    <li className={styles.row} {...contextMenu(() => items)}>
      <div className={styles.main}>
        <div className={styles.line}>
          <span className={styles.name}>{name}</span>
          <span className={styles.when}>
            {cronText(cron)}
            {timeZone === undefined ? '' : ` (${timeZone})`}
          </span>
        </div>
        <div className={styles.facts}>
          <TaskFacts task={task} />
          {last && (
            <span className={styles.last}>
              <Outcome run={last} />
            </span>
          )}
        </div>
        {last?.problem && last.status === 'failed' && <ProblemLine {...last.problem} />}
        {last?.status === 'missed' && (
          <p className={styles.problem}>
            Barnraiser was not open at that time.{' '}
            {timer.missed === 'skip' && 'To make up for missed times, change the schedule.'}
          </p>
        )}
      </div>
      <div className={styles.next}>{isPaused ? 'Paused' : next === undefined ? 'Never' : <NextTime time={next} />}</div>
      <Switch
        label={`Run ${name} at its times`}
        hideLabel
        checked={!isPaused}
        onChange={(isOn) => void call('timers.pause', { name, isPaused: !isOn }).catch(toastProblem)}
      />
      <Menu trigger={<IconButton icon="more" label={`More about ${name}`} size="small" />} items={items} />
    </li>
  );
}

function TaskFacts({ task }: Pick<Timer, 'task'>) {
  switch (task.kind) {
    case 'build': {
      const { reference, context, push } = task.request;
      return (
        <>
          <span className={styles.reference} title={reference}>
            {formatReferenceShort(reference)}
          </span>
          <span title={context}>{formatPathShort(context)}</span>
          {push && <span>pushed</span>}
        </>
      );
    }
    case 'prune':
      return <span>{capitalized(pruneText(task))}</span>;
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function Outcome({ run: { status, at, build, durationMs, freedBytes } }: { run: TimerRun }) {
  const badge = <PhaseBadge {...runPhases[status]} />;
  return (
    <>
      {build === undefined ? badge : <a href={hrefOf({ view: 'build', id: build })}>{badge}</a>}
      <RelativeTime time={at} />
      {durationMs !== undefined && status !== 'unchanged' && <Duration ms={durationMs} />}
      {freedBytes !== undefined && <span>freed {formatBytes(freedBytes)}</span>}
    </>
  );
}

function ProblemLine({ message, fix }: { message: string; fix: string }) {
  return (
    <p className={styles.problem}>
      {message} <FixText text={fix} />
    </p>
  );
}

function NextTime({ time }: { time: string }) {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = date.toLocaleString(dateLocale(), {
    ...(isToday ? {} : { weekday: 'short', day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  });
  return (
    <time dateTime={time} title={date.toLocaleString(dateLocale())}>
      {isToday ? `Next today, ${text}` : `Next ${text}`}
    </time>
  );
}

/** What a watch does, or last did. */
function watchPhase({ state, outcome }: Watch): { readonly phase: DisplayPhase; readonly word?: string } {
  switch (state) {
    case 'building':
      return { phase: 'building' };
    case 'missing':
      return { phase: 'warning', word: 'Project missing' };
    default:
      return outcome === undefined ? { phase: 'waiting' } : { phase: outcome };
  }
}

function WatchRow({ watch }: { watch: Watch }) {
  const { id, request, build, change, problem, polling, builds, entries, state } = watch;
  const [isStopping, setIsStopping] = useState(false);
  const name = formatReferenceShort(request.reference);
  const badge = <PhaseBadge {...watchPhase(watch)} />;
  return (
    <li className={styles.row}>
      <div className={styles.main}>
        <div className={styles.line}>
          <span className={styles.name}>{name}</span>
          <span className={styles.when} title={request.context}>
            {formatPathShort(request.context)}
          </span>
        </div>
        <div className={styles.facts}>
          {build === undefined ? badge : <a href={hrefOf({ view: 'build', id: build })}>{badge}</a>}
          <span>{formatCount(builds, 'build')}</span>
          <span>{formatCount(entries, 'file and folder', 'files and folders')}</span>
        </div>
        {change && (
          <p className={styles.change}>
            Changed <RelativeTime time={change.at} />: {changedText(change)}.
            {change.cancelled === undefined ? '' : ' The build before was cancelled.'}
          </p>
        )}
        {problem && <ProblemLine {...problem} />}
        {state === 'missing' && <p className={styles.change}>The watch goes on when the project is back.</p>}
        {polling && (
          <p className={styles.problem}>
            {polling.reason} The project is looked at every {formatDuration(polling.everyMs)}.
          </p>
        )}
      </div>
      <Button
        busy={isStopping}
        busyLabel="Stopping…"
        onClick={() => {
          setIsStopping(true);
          stopWatch(id)
            .catch(toastProblem)
            .finally(() => setIsStopping(false));
        }}
      >
        Stop<span className="visually-hidden"> watching {name}</span>
      </Button>
    </li>
  );
}

function changedText({ paths, count }: NonNullable<Watch['change']>): string {
  const named = paths.slice(0, maxNamedPaths);
  const others = count - named.length;
  return formatList([...named, ...(others > 0 ? [formatCount(others, 'other')] : [])]);
}
