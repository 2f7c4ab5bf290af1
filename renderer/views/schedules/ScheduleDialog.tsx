import { useEffect, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import type { NodeSelection } from '../../../shared/farm.ts';
import { formatReferenceShort } from '../../../shared/format.ts';
import { dateLocale } from '../../../shared/locale.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Timer } from '../../../shared/timer.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useAutomation } from '../../stores/automation.ts';
import { navigate } from '../../stores/navigation.ts';
import { toast } from '../../stores/toasts.ts';
import { draftOf, keepError, rulesOf } from '../storage/prune-rules.ts';
import { choiceOf, cronChoices } from './cron-choices.ts';
import { PruneFields } from './PruneFields.tsx';
import styles from './Schedules.module.css';

export interface ScheduleDialogProps {
  /** The schedule to change, or the build that a new one makes, or a new one that prunes nodes. */
  readonly of: { readonly timer: Timer } | { readonly request: CallInput<'builds.start'> } | { readonly prunes: true };
  readonly onClose: () => void;
}

/** Says when a build is made, or when what of nodes is pruned. */
export function ScheduleDialog({ of, onClose }: ScheduleDialogProps) {
  const before = 'timer' in of ? of.timer : undefined;
  const timers = useAutomation((state) => state.timers);
  const [name, setName] = useState(() => before?.name ?? freeName(of, timers));
  const [cron, setCron] = useState(before?.cron ?? '30 2 * * *');
  const [isCustom, setIsCustom] = useState(choiceOf(cron) === 'custom');
  const [timeZone, setTimeZone] = useState(before?.timeZone ?? '');
  const [makesUp, setMakesUp] = useState(before?.missed === 'run');
  const [onlyIfBaseNewer, setOnlyIfBaseNewer] = useState(
    before?.task.kind === 'build' && before.task.onlyIfBaseNewer === true,
  );
  const [onlyIfChanged, setOnlyIfChanged] = useState(before?.task.kind === 'build' && before.task.onlyIfChanged);
  const [isSaving, setIsSaving] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const times = useTimes(cron, timeZone);
  const pruned = before?.task.kind === 'prune' ? before.task : undefined;
  const [nodes, setNodes] = useState<NodeSelection>(pruned?.nodes ?? {});
  const [rules, setRules] = useState(() => draftOf(pruned?.rules));
  const request = before?.task.kind === 'build' ? before.task.request : 'request' in of ? of.request : undefined;
  const isBuild = request !== undefined;
  const task = isBuild
    ? { kind: 'build' as const, request, onlyIfChanged, onlyIfBaseNewer }
    : { kind: 'prune' as const, nodes, rules: rulesOf(rules) };
  const isTaskValid = isBuild || (rules.parts.size > 0 && keepError(rules) === undefined);

  async function save(): Promise<void> {
    setIsSaving(true);
    setProblem(undefined);
    try {
      await call('timers.save', {
        timer: {
          name: name.trim(),
          cron,
          ...(timeZone.trim() === '' ? {} : { timeZone: timeZone.trim() }),
          task,
          missed: makesUp ? 'run' : 'skip',
          isPaused: before?.isPaused ?? false,
        },
        ...(before ? { replaces: before.name } : {}),
      });
      onClose();
      if (!before) {
        toast({
          title: `Added the schedule ${name.trim()}`,
          kind: 'done',
          action: { label: 'Show schedules', run: () => navigate({ view: 'schedules' }) },
        });
      }
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setIsSaving(false);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={before ? `Change ${before.name}` : isBuild ? 'New schedule' : 'New prune schedule'}
      description={
        isBuild
          ? `Builds ${formatReferenceShort(request.reference)} with the options as they are now.`
          : 'What a container or a build uses is kept. What is removed cannot be restored.'
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form="schedule"
            busy={isSaving}
            disabled={name.trim() === '' || times.problem !== undefined || !isTaskValid}
          >
            {before ? 'Save schedule' : 'Add schedule'}
          </Button>
        </>
      }
    >
      <form
        id="schedule"
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField label="Name" value={name} onChange={setName} />
        {!isBuild && <PruneFields nodes={nodes} onNodes={setNodes} draft={rules} onDraft={setRules} />}
        <Select
          label="When"
          value={isCustom ? 'custom' : cron}
          options={cronChoices}
          onChange={(value) => {
            setIsCustom(value === 'custom');
            if (value !== 'custom') {
              setCron(value);
            }
          }}
        />
        {isCustom && (
          <TextField
            label="Cron expression"
            mono
            value={cron}
            onChange={setCron}
            description="Minute, hour, day of the month, month and weekday, or a name such as @daily."
            error={times.problem && [times.problem.message, times.problem.detail].filter(Boolean).join(' ')}
          />
        )}
        <TextField
          label="Time zone"
          optional
          value={timeZone}
          onChange={setTimeZone}
          list="time-zones"
          placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
          error={!isCustom ? times.problem?.message : undefined}
        />
        <datalist id="time-zones">
          {Intl.supportedValuesOf('timeZone').map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
        <div className={styles.times} aria-live="polite">
          <h3>Next times</h3>
          <ol>
            {times.times.map((time) => (
              <li key={time}>{formatTime(time, timeZone)}</li>
            ))}
          </ol>
        </div>
        {isBuild && (
          <>
            <Checkbox
              label="Build only if the files have changed"
              description={
                onlyIfBaseNewer ? 'Or if a base image is newer.' : 'Newer base images alone cause no build then.'
              }
              checked={onlyIfChanged}
              onChange={setOnlyIfChanged}
            />
            <Checkbox
              label="Build only if a base image is newer"
              description="The registries of its base images are asked at each time, with saved logins."
              checked={onlyIfBaseNewer}
              onChange={setOnlyIfBaseNewer}
            />
          </>
        )}
        <Checkbox
          label="Make up for missed times"
          description="If Barnraiser was not open at a time, it runs once when it is opened. Otherwise the time is left out."
          checked={makesUp}
          onChange={setMakesUp}
        />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}

/** The next times of an expression, or why it is not valid. Those before stay until new ones are known. */
function useTimes(cron: string, timeZone: string): { readonly times: readonly string[]; readonly problem?: Problem } {
  const [found, setFound] = useState<{ readonly times: readonly string[]; readonly problem?: Problem }>({ times: [] });
  useEffect(() => {
    let isLatest = true;
    const zone = timeZone.trim();
    call('timers.times', { cron, ...(zone === '' ? {} : { timeZone: zone }) }).then(
      (next) => isLatest && setFound(next),
      (error: unknown) => isLatest && setFound({ times: [], problem: problemOf(error) }),
    );
    return () => {
      isLatest = false;
    };
  }, [cron, timeZone]);
  return found;
}

function formatTime(time: string, timeZone: string): string {
  return new Intl.DateTimeFormat(dateLocale(), {
    dateStyle: 'full',
    timeStyle: 'short',
    ...(timeZone.trim() === '' ? {} : { timeZone: timeZone.trim() }),
  }).format(new Date(time));
}

/** The name of the project, with a number if it is taken. */
function freeName(of: ScheduleDialogProps['of'], timers: readonly Timer[]): string {
  const reference = 'request' in of ? of.request.reference : '';
  const base =
    formatReferenceShort(reference)
      .replace(/[:@].*/, '')
      .replaceAll(/[^A-Za-z0-9._-]/g, '-') || ('prunes' in of ? 'prune' : 'build');
  const isTaken = (name: string): boolean => timers.some((timer) => timer.name === name);
  let name = base;
  for (let number = 2; isTaken(name); number++) {
    name = `${base}-${number}`;
  }
  return name;
}
