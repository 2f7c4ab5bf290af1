/** Push: the sheet that pushes an image and shows the progress. */

import { useEffect, useId, useRef, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import { formatBytes, formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Push } from '../../../shared/push.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { Sheet } from '../../parts/Sheet.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { useImage } from '../../stores/images.ts';
import type { Sheet as SheetRoute } from '../../stores/navigation.ts';
import { usePushHistory } from '../../stores/push-history.ts';
import { cancelPush, startPush, startPushes, usePush, usePushGroup } from '../../stores/pushes.ts';
import { SignInDialog } from '../registries/SignInDialog.tsx';
import { isInsecure, recentDestinations, setInsecure, suggestDestination } from './destination.ts';
import styles from './Push.module.css';
import { destinationsOf, isComplete, maxUploadBytes, type PushDraft, PushForm } from './PushForm.tsx';
import { PushGroup } from './PushGroup.tsx';
import { PushProgress } from './PushProgress.tsx';
import { findPushToShow, markPushVisible, notifyWhenPushEnds } from './push-notifications.ts';

type PushSheetProps = Omit<Extract<SheetRoute, { sheet: 'push' }>, 'sheet'>;

const titles: Readonly<Record<Push['status'], string>> = {
  running: 'Pushing',
  done: 'Pushed',
  failed: 'Could not push',
  cancelled: 'Cancelled push of',
};

/** Pushes a reference to a registry. If it is closed during the push, the push continues, and opening it again shows the progress. */
export function PushSheet({ reference, destination, onClose }: PushSheetProps & { onClose: () => void }) {
  const list = useImage(reference);
  const [id, setId] = useState(() => findPushToShow(reference, destination));
  const push = usePush(id);
  const group = usePushGroup(push);
  const [signingIn, setSigningIn] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [draft, setDraft] = useState<PushDraft>(() => {
    const { records } = usePushHistory.getState();
    const initialDestination = push?.destination ?? destination ?? suggestDestination(reference, records);
    return {
      destination: initialDestination,
      others: [],
      compression: push?.compression?.format ?? 'stored',
      login: 'saved',
      username: '',
      password: '',
      insecure: isInsecure(initialDestination),
      incomplete: false,
      merge: false,
    };
  });
  const history = usePushHistory((state) => state.records);
  const formId = useId();
  const primaryButton = useRef<HTMLElement>(null);

  useEffect(() => {
    if (id !== undefined) {
      notifyWhenPushEnds(id);
      return markPushVisible(id);
    }
    return undefined;
  }, [id]);
  const status = push?.status;
  useEffect(() => {
    // the button that had the focus may have been removed
    if (status && !document.activeElement?.matches('button, input, summary, [tabindex="0"]')) {
      primaryButton.current?.focus();
    }
  }, [status]);

  async function runAction(work: () => Promise<void>): Promise<void> {
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
    const { destination: _, ...rest } = toRequest(reference, request);
    const destinations = destinationsOf(request).map((each) => each.trim());
    const compression = request.compression === 'stored' ? {} : { compression: { format: request.compression } };
    const started =
      destinations.length === 1 && request.compression === 'stored'
        ? [await startPush(toRequest(reference, request))]
        : await startPushes({ ...rest, destinations, ...compression });
    for (const each of started) {
      setInsecure(each.destination, request.insecure);
    }
    setId(started[0]?.id);
  }
  function editAgain(previous: Push, change: Partial<PushDraft> = {}): void {
    setProblem(undefined);
    const [first = previous.destination, ...others] = group.map(({ destination: each }) => each);
    setDraft((before) => ({ ...before, destination: first, others, ...change }));
    setId(undefined);
  }
  /** Pushes again. Credentials that were entered are known only while this sheet is open. */
  function retry(previous: Push, change: Partial<PushDraft> = {}): void {
    const request = { ...draft, destination: previous.destination, others: [], ...change };
    setDraft(request);
    void runAction(() => start(request));
  }

  const signInDialog = (onSignedIn: () => void) =>
    signingIn !== undefined && (
      <SignInDialog
        registry={signingIn}
        tlsVerify={!draft.insecure}
        onClose={() => setSigningIn(undefined)}
        onSignedIn={onSignedIn}
      />
    );

  const name = formatReferenceShort(reference);
  if (push && group.length > 1) {
    const running = group.filter(({ status: each }) => each === 'running');
    const unfinished = group.filter(({ status: each }) => each === 'failed' || each === 'cancelled');
    const [firstLeft, ...othersLeft] = unfinished.map(({ destination: each }) => each);
    const retryLeft = (change: Partial<PushDraft> = {}): void => {
      if (firstLeft !== undefined) {
        retry(push, { destination: firstLeft, others: othersLeft, ...change });
      }
    };
    const state = running.length > 0 ? 'running' : unfinished.length > 0 ? 'failed' : 'done';
    return (
      <Sheet
        title={`${titles[state]} ${name}`}
        description={formatCount(group.length, 'destination')}
        onClose={onClose}
        initialFocus={primaryButton}
        footerStart={running.length > 0 ? 'You can close this sheet. The pushes continue.' : undefined}
        footer={
          <>
            {running.length > 0 ? (
              <Button
                key="cancel"
                busy={busy}
                onClick={() =>
                  void runAction(async () => void (await Promise.all(running.map((each) => cancelPush(each.id)))))
                }
              >
                Cancel pushes
              </Button>
            ) : (
              <Button key="change" onClick={() => editAgain(push)}>
                Change settings…
              </Button>
            )}
            {running.length === 0 && unfinished.length > 0 ? (
              <Button
                key="again"
                ref={primaryButton}
                kind="primary"
                icon="refresh"
                busy={busy}
                onClick={() => retryLeft()}
              >
                {`Retry ${formatCount(unfinished.length, 'push', 'pushes')}`}
              </Button>
            ) : (
              <Button key="close" ref={primaryButton} kind="primary" onClick={onClose}>
                Close
              </Button>
            )}
          </>
        }
      >
        {problem && <ProblemNote problem={problem} />}
        <PushGroup
          pushes={group}
          handlers={{
            'sign-in': ({ registry }) => setSigningIn(registry),
            'push-without-tls': () => retryLeft({ insecure: true }),
          }}
        />
        {signInDialog(() => retryLeft({ login: 'saved' }))}
      </Sheet>
    );
  }
  if (push) {
    const canUsePlainHttp = push.problem?.actions?.some(
      (action) => action.id === 'push-without-tls' && action.reason === 'plain-http',
    );
    const handlers: ActionHandlers = {
      'sign-in': ({ registry }) => setSigningIn(registry),
      // plain HTTP is the main button below
      ...(canUsePlainHttp ? {} : { 'push-without-tls': () => retry(push, { insecure: true }) }),
    };
    return (
      <Sheet
        title={`${titles[push.status]} ${name}`}
        description={<span className={styles.where}>{push.destination}</span>}
        onClose={onClose}
        initialFocus={primaryButton}
        footerStart={push.status === 'running' ? 'You can close this sheet. The push continues.' : undefined}
        footer={
          <>
            {push.status === 'running' ? (
              <Button key="cancel" busy={busy} onClick={() => void runAction(() => cancelPush(push.id))}>
                Cancel push
              </Button>
            ) : (
              <Button key="change" onClick={() => editAgain(push)}>
                {push.status === 'done' ? 'Push to another destination…' : 'Change settings…'}
              </Button>
            )}
            {push.status === 'failed' || push.status === 'cancelled' ? (
              <Button
                key="again"
                ref={primaryButton}
                kind="primary"
                icon={canUsePlainHttp ? 'push' : 'refresh'}
                busy={busy}
                onClick={() => retry(push, canUsePlainHttp ? { insecure: true } : {})}
              >
                {canUsePlainHttp ? 'Push over plain HTTP' : 'Retry push'}
              </Button>
            ) : (
              <Button key="close" ref={primaryButton} kind="primary" onClick={onClose}>
                Close
              </Button>
            )}
          </>
        }
      >
        {problem && <ProblemNote problem={problem} />}
        <PushProgress push={push} handlers={handlers} />
        {signInDialog(() => retry(push, { login: 'saved' }))}
      </Sheet>
    );
  }
  if (!list) {
    return (
      <Sheet title={`Push ${name}`} onClose={onClose} footer={<Button onClick={onClose}>Close</Button>}>
        <EmptyState icon="images" title={`${reference} is not in local storage`}>
          Build the image first.
        </EmptyState>
      </Sheet>
    );
  }
  return (
    <Sheet
      title={`Push ${name}`}
      onClose={onClose}
      // clicking outside must not discard a typed password
      keepOpen={draft.password !== ''}
      footerStart={`Up to ${formatBytes(maxUploadBytes(list))} to upload`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={formId}
            icon="push"
            shortcut={shortcuts.submit.keys}
            busy={busy}
            reason={isComplete(draft, list) ? undefined : 'Enter a destination, and what it needs.'}
          >
            Push image
          </Button>
        </>
      }
    >
      <PushForm
        id={formId}
        list={list}
        recent={recentDestinations(reference, history)}
        draft={draft}
        onDraft={setDraft}
        problem={problem}
        busy={busy}
        onPush={() => void runAction(() => start(draft))}
      />
    </Sheet>
  );
}

function toRequest(reference: string, draft: PushDraft): CallInput<'pushes.start'> {
  const { destination, login, username, password, insecure, incomplete, merge } = draft;
  return {
    reference,
    destination: destination.trim(),
    tlsVerify: !insecure,
    ...(incomplete ? { incomplete } : {}),
    ...(merge ? { merge } : {}),
    ...(login === 'entered' ? { credentials: { username, password } } : {}),
  };
}
