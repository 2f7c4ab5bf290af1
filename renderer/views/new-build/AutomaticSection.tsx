import { useEffect, useState } from 'react';
import {
  type Automatic,
  type AutomaticEntry,
  type AutomaticName,
  type AutomaticValues,
  automaticArgNames,
  automaticLabelNames,
} from '../../../shared/automatic-options.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Project } from '../../../shared/project.ts';
import { call } from '../../api.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './AutomaticSection.module.css';
import { CollapsibleSection } from './CollapsibleSection.tsx';
import newBuild from './NewBuild.module.css';

/** What the values mean, for people. */
const meanings: Readonly<Record<AutomaticName, string>> = {
  SOURCE: 'Address of the repository',
  REVISION: 'Commit; ends with -dirty if files differ from it',
  GOPKGVERSION: 'Version of a Go module: the tag of the commit, or a pseudo-version',
  'org.opencontainers.image.source': 'Address of the repository',
  'org.opencontainers.image.revision': 'Commit',
  'org.opencontainers.image.created': 'Time of the commit',
  'org.opencontainers.image.version': 'Tag of the commit',
};

interface AutomaticSectionProps {
  readonly request: CallInput<'projects.automatic'>;
  readonly project: Project;
  readonly value: Automatic;
  /** What the user gives, which wins. */
  readonly given: { readonly args: readonly string[]; readonly labels: readonly string[] };
  readonly onChange: (value: Automatic) => void;
}

/** Build arguments and labels from the git repository of the project. Each can be chosen; none is at first. */
export function AutomaticSection({ request, project, value, given, onChange }: AutomaticSectionProps) {
  const [isOpen, setOpen] = useState(false);
  const { args = [], labels = [] } = value;
  const count = args.length + labels.length;
  const declared = automaticArgNames.filter((name) => project.buildArgs.some((arg) => arg.name === name));
  const waiting = declared.filter((name) => !args.includes(name) && !given.args.includes(name));
  const summary =
    count > 0
      ? `${formatCount(count, 'value')} used`
      : waiting.length > 0
        ? `none used; the Containerfile declares ${formatList(waiting)}`
        : 'none used';
  return (
    <CollapsibleSection title="Values from git" summary={summary} isOpen={isOpen} onToggle={setOpen}>
      {isOpen && (
        <Values request={request}>
          {(values) => (
            <>
              {values.notes.map((note) => (
                <p key={note} className={styles.note}>
                  <FixText text={note} />
                </p>
              ))}
              <Choices
                legend="Build arguments"
                names={automaticArgNames}
                entries={values.args}
                chosen={args}
                given={given.args}
                onChange={(next) => onChange({ ...value, args: next })}
              />
              <Choices
                legend="Labels"
                names={automaticLabelNames}
                entries={values.labels}
                chosen={labels}
                given={given.labels}
                onChange={(next) => onChange({ ...value, labels: next })}
              />
            </>
          )}
        </Values>
      )}
    </CollapsibleSection>
  );
}

interface ValuesProps {
  readonly request: CallInput<'projects.automatic'>;
  readonly children: (values: AutomaticValues) => React.ReactNode;
}

function Values({ request, children }: ValuesProps) {
  const [values, setValues] = useState<AutomaticValues>();
  const [problem, setProblem] = useState<Problem>();
  const key = JSON.stringify(request);
  useEffect(() => {
    const superseded = new AbortController();
    const { signal } = superseded;
    const input: CallInput<'projects.automatic'> = JSON.parse(key);
    call('projects.automatic', input, { signal }).then(
      (next) => {
        setValues(next);
        setProblem(undefined);
      },
      (error: unknown) => signal.aborted || setProblem(problemOf(error)),
    );
    return () => superseded.abort();
  }, [key]);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  return values ? children(values) : <Waiting>Reading the git repository</Waiting>;
}

interface ChoicesProps<T extends AutomaticName> {
  readonly legend: string;
  readonly names: readonly T[];
  readonly entries: readonly AutomaticEntry[];
  readonly chosen: readonly T[];
  readonly given: readonly string[];
  readonly onChange: (chosen: T[]) => void;
}

function Choices<T extends AutomaticName>({ legend, names, entries, chosen, given, onChange }: ChoicesProps<T>) {
  return (
    <fieldset className={newBuild.options}>
      <legend>{legend}</legend>
      <div className={styles.choices}>
        {names.map((name) => {
          const entry = entries.find((each) => each.name === name);
          const isChosen = chosen.includes(name);
          const isPossible = entry?.value !== undefined && entry.isDeclared !== false && !given.includes(name);
          return (
            <Checkbox
              key={name}
              label={<code>{name}</code>}
              description={
                <span className={styles.value}>
                  {entry?.value !== undefined && <code>{entry.value}</code>}
                  <span>{textOf(name, entry, given.includes(name))}</span>
                </span>
              }
              checked={isChosen}
              disabled={!isPossible && !isChosen}
              onChange={(checked) =>
                onChange(names.filter((each) => (each === name ? checked : chosen.includes(each))))
              }
            />
          );
        })}
      </div>
    </fieldset>
  );
}

/** What the value is, and why it is not used or is less certain. */
function textOf(name: AutomaticName, entry: AutomaticEntry | undefined, isGiven: boolean): string {
  if (isGiven) {
    return 'You give another value above.';
  }
  if (entry?.isDeclared === false) {
    return 'The Containerfile does not declare it.';
  }
  return [`${meanings[name]}.`, entry?.note].filter(Boolean).join(' ');
}
