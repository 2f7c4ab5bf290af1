import { useEffect, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import type { Equivalent, EquivalentKind } from '../../../shared/equivalent.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { isOneOf, recall, remembered, rememberValue } from '../../stores/memory.ts';
import styles from './EquivalentDialog.module.css';

const kindMemory = remembered(
  'build.equivalent',
  isOneOf<EquivalentKind>(['podman', 'podman-farm', 'buildx', 'github', 'gitlab']),
  'podman',
);

const labels: Readonly<Record<EquivalentKind, string>> = {
  podman: 'podman',
  'podman-farm': 'podman farm',
  buildx: 'buildx',
  github: 'GitHub Actions',
  gitlab: 'GitLab CI',
};

interface EquivalentDialogProps {
  readonly open: boolean;
  /** The build, or the request of one. */
  readonly build: CallInput<'builds.equivalents'>;
  readonly onClose: () => void;
}

/** The same build with other tools, to copy. */
export function EquivalentDialog({ open, build, onClose }: EquivalentDialogProps) {
  return (
    <Dialog
      open={open}
      wide
      onClose={onClose}
      title="Same command elsewhere"
      description="What builds the same image with another tool."
    >
      {open && <Equivalents build={build} />}
    </Dialog>
  );
}

function Equivalents({ build }: Pick<EquivalentDialogProps, 'build'>) {
  const [all, setAll] = useState<readonly Equivalent[]>();
  const [problem, setProblem] = useState<Problem>();
  const [kind, setKind] = useState<EquivalentKind>(() => recall(kindMemory));
  const key = JSON.stringify(build);
  useEffect(() => {
    const closing = new AbortController();
    const { signal } = closing;
    const input: CallInput<'builds.equivalents'> = JSON.parse(key);
    call('builds.equivalents', input, { signal }).then(
      (found) => setAll(found),
      (error: unknown) => signal.aborted || setProblem(problemOf(error)),
    );
    return () => closing.abort();
  }, [key]);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  const shown = all?.find((each) => each.kind === kind) ?? all?.[0];
  if (!all || !shown) {
    return <Waiting>Reading the build</Waiting>;
  }
  return (
    <div className={styles.equivalents}>
      <Segmented
        label="Tool"
        value={shown.kind}
        options={all.map((each) => ({ value: each.kind, label: labels[each.kind] }))}
        onChange={(next) => {
          rememberValue(kindMemory, next);
          setKind(next);
        }}
      />
      {shown.notes.length > 0 && (
        <ul className={styles.notes} aria-label={`Notes on ${labels[shown.kind]}`}>
          {shown.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <div className={styles.text}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard */}
        <pre tabIndex={0}>{shown.text}</pre>
        <CopyButton text={withComments(shown)} what={labels[shown.kind]} size="medium" />
      </div>
    </div>
  );
}

/** The notes as comments, before what they are about. */
function withComments({ text, notes }: Equivalent): string {
  return [...notes.map((note) => `# ${note}`), text].join('\n');
}
