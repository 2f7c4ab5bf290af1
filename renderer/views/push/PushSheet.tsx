import { useEffect, useId, useRef, useState } from 'react';
import type { CallInput, Push } from '../../../shared/contract.ts';
import { formatBytes, formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { useImage } from '../../stores/images.ts';
import type { Sheet as SheetPlace } from '../../stores/navigation.ts';
import { cancelPush, startPush, usePush } from '../../stores/pushes.ts';
import { proposedDestination, rememberDestination, rememberSecurity, wasInsecure } from './destination.ts';
import styles from './Push.module.css';
import { bytesOf, isReady, type PushDraft, PushForm } from './PushForm.tsx';
import { PushProgress } from './PushProgress.tsx';
import { pushToShow, showPush, watchPush } from './watch.ts';

type Fields = Omit<Extract<SheetPlace, { sheet: 'push' }>, 'sheet'>;

const titles: Readonly<Record<Push['status'], string>> = {
  running: 'Pushing',
  done: 'Pushed',
  failed: 'Could not push',
  cancelled: 'Stopped pushing',
};

/** Sends a reference to a registry. Closed while it pushes, it goes on; opened again, it is shown as it is by then. */
export function PushSheet({ reference, destination, onClose }: Fields & { onClose: () => void }) {
  const list = useImage(reference);
  const [id, setId] = useState(() => pushToShow(reference, destination));
  const push = usePush(id);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [draft, setDraft] = useState<PushDraft>(() => {
    const proposed = push?.destination ?? destination ?? proposedDestination(reference);
    return { destination: proposed, login: 'kept', username: '', password: '', insecure: wasInsecure(proposed) };
  });
  const form = useId();
  const last = useRef<HTMLElement>(null);

  useEffect(() => {
    if (id !== undefined) {
      watchPush(id);
      return showPush(id);
    }
    return undefined;
  }, [id]);
  const status = push?.status;
  useEffect(() => {
    // the button that had the focus may have gone with what it did
    if (status && !document.activeElement?.matches('button, input, summary, [tabindex="0"]')) {
      last.current?.focus();
    }
  }, [status]);

  async function attempt(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }
  async function start(request: PushDraft): Promise<void> {
    const started = await startPush(requestOf(reference, request));
    rememberDestination(reference, started.destination);
    rememberSecurity(started.destination, request.insecure);
    setId(started.id);
  }
  function change(pushed: Push): void {
    setProblem(undefined);
    setDraft((before) => ({ ...before, destination: pushed.destination }));
    setId(undefined);
  }

  const name = formatReferenceShort(reference);
  if (push) {
    return (
      <Sheet
        title={`${titles[push.status]} ${name}`}
        description={<span className={styles.where}>{push.destination}</span>}
        onClose={onClose}
        initialFocus={last}
        footerStart={push.status === 'running' ? 'You can close this: the push goes on.' : undefined}
        footer={
          <>
            {push.status === 'running' ? (
              <Button key="cancel" busy={busy} onClick={() => void attempt(() => cancelPush(push.id))}>
                Cancel push
              </Button>
            ) : (
              <Button key="change" onClick={() => change(push)}>
                {push.status === 'done' ? 'Push elsewhere…' : 'Change…'}
              </Button>
            )}
            {push.status === 'failed' || push.status === 'cancelled' ? (
              <Button
                key="again"
                ref={last}
                kind="primary"
                icon="refresh"
                busy={busy}
                // a login that was typed is known only as long as the sheet in which it was
                onClick={() => void attempt(() => start({ ...draft, destination: push.destination }))}
              >
                Push again
              </Button>
            ) : (
              <Button key="close" ref={last} kind="primary" onClick={onClose}>
                Close
              </Button>
            )}
          </>
        }
      >
        {problem && <ProblemNote problem={problem} />}
        <PushProgress push={push} />
      </Sheet>
    );
  }
  if (!list) {
    return (
      <Sheet title={`Push ${name}`} onClose={onClose} footer={<Button onClick={onClose}>Close</Button>}>
        <EmptyState icon="images" title={`${reference} is not in local storage`}>
          Build it first, then push it.
        </EmptyState>
      </Sheet>
    );
  }
  return (
    <Sheet
      title={`Push ${name}`}
      onClose={onClose}
      // a press beside it would lose what was typed
      keepOpen={draft.password !== ''}
      footerStart={`At most ${formatBytes(bytesOf(list))} travel`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={form}
            icon="push"
            shortcut="Mod+Enter"
            busy={busy}
            disabled={!isReady(draft)}
          >
            Push
          </Button>
        </>
      }
    >
      <PushForm
        id={form}
        list={list}
        draft={draft}
        onDraft={setDraft}
        problem={problem}
        busy={busy}
        onPush={() => void attempt(() => start(draft))}
      />
    </Sheet>
  );
}

function requestOf(reference: string, draft: PushDraft): CallInput<'pushes.start'> {
  const { destination, login, username, password, insecure } = draft;
  return {
    reference,
    destination: destination.trim(),
    tlsVerify: !insecure,
    ...(login === 'typed' ? { credentials: { username, password } } : {}),
  };
}
