import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { AppEvent, CallName } from '../../shared/contract.ts';
import { fail, type Result } from '../../shared/problem.ts';
import type { Push } from '../../shared/push.ts';
import { TerminalFrontEnd } from './front-end.ts';
import { RecordedStream } from './testing/recorded-stream.ts';

function push(id: string, status: Push['status']): Push {
  return {
    id,
    status,
    reference: 'api:1',
    destination: 'localhost/api:1',
    totalBytes: 0,
    uploadedBytes: 0,
    skippedBytes: 0,
    images: [],
  };
}

function start({ hasWindow = false, acceptNewHostKeys = false } = {}) {
  const listeners = new Set<(event: AppEvent, seq: number) => void>();
  const calls: [CallName, unknown][] = [];
  const interrupted = new AbortController();
  const lost = new AbortController();
  const errors = new RecordedStream();
  let answer = (_result: Result<never>): void => undefined;
  const frontEnd = new TerminalFrontEnd(
    {
      lost: lost.signal,
      call: (name, input) => {
        calls.push([name, input]);
        if (name === 'app.info') {
          return Promise.resolve(JSON.parse(JSON.stringify({ ok: true, value: { hasWindow } })));
        }
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    {
      input: new PassThrough(),
      output: new RecordedStream(),
      errors,
      json: false,
      acceptNewHostKeys,
      plainProgress: false,
      interrupted: interrupted.signal,
    },
  );
  const seen: string[] = [];
  const follow = () =>
    frontEnd.follow('push.finished', {
      start: async () => (await frontEnd.start('pushes.start', { reference: 'api:1' })).id,
      cancel: 'pushes.cancel',
      onEvent: (event) => 'push' in event && seen.push(`${event.push.id} ${event.push.status}`),
    });
  const emit = (event: AppEvent): void => {
    for (const listener of listeners) {
      listener(event, 1);
    }
  };
  return {
    follow,
    emit,
    seen,
    calls,
    interrupted,
    lost,
    errors,
    answer: (result: unknown) => answer(JSON.parse(JSON.stringify(result))),
  };
}

test('a task gets its own events, also those before its id is known, and not those of other tasks', async () => {
  const { follow, emit, seen, answer } = start();
  const finished = follow();
  emit({ event: 'push.progress', push: push('other', 'running') });
  emit({ event: 'push.finished', push: push('older', 'done') });
  emit({ event: 'push.progress', push: push('mine', 'running') });
  emit({ event: 'push.finished', push: push('other', 'done') });
  answer({ ok: true, value: push('mine', 'running') });
  await expect.poll(() => seen).toEqual(['mine running']);
  emit({ event: 'push.finished', push: push('other', 'failed') });
  emit({ event: 'push.finished', push: push('mine', 'done') });
  expect((await finished).push.id).toBe('mine');
  expect(seen).toEqual(['mine running', 'mine done']);
});

test('an interruption while a task starts cancels it, and no other', async () => {
  const { follow, emit, calls, answer, interrupted } = start();
  const finished = follow();
  interrupted.abort();
  answer({ ok: true, value: push('mine', 'running') });
  await expect.poll(() => calls.at(-1)).toEqual(['pushes.cancel', { id: 'mine' }]);
  emit({ event: 'push.finished', push: push('mine', 'cancelled') });
  expect((await finished).push.status).toBe('cancelled');
});

test('an interruption before a task starts ends the wait', async () => {
  const { follow, answer, interrupted } = start();
  const finished = follow();
  interrupted.abort();
  answer({ ok: false, problem: fail('call.cancelled', 'This was cancelled.', 'Start it again.').problem });
  await expect(finished).rejects.toBe(interrupted.signal.reason);
});

test('a task ends with a problem when the app that runs it is closed', async () => {
  const { follow, answer, lost } = start();
  const finished = follow();
  answer({ ok: true, value: push('mine', 'running') });
  const closed = fail('app.closed', 'Barnraiser was closed.', 'Run the command again.');
  await Promise.resolve();
  lost.abort(closed);
  await expect(finished).rejects.toBe(closed);
});

test.each([
  ['is refused where no terminal and no window can show it', {}, [['q', 'refuse']], ''],
  [
    'is left to the window that is open',
    { hasWindow: true },
    [],
    'The window of Barnraiser asks whether to trust the host key of pi4.',
  ],
  ['is answered as the command line says', { hasWindow: true, acceptNewHostKeys: true }, [['q', 'trust']], ''],
])('a question %s', async (_name, options, answers, note) => {
  const { emit, calls, errors } = start(options);
  emit({
    event: 'question.asked',
    question: {
      id: 'q',
      kind: 'host-key',
      connection: 'pi4',
      host: 'pi4',
      port: 22,
      keyType: 'ssh-ed25519',
      fingerprint: 'SHA256:x',
      notes: [],
    },
  });
  await expect.poll(() => calls.length).toBeGreaterThan(0);
  await new Promise((resolve) => setImmediate(resolve));
  const given = calls.filter(([name]) => name === 'questions.answer').map(([, input]) => input);
  expect(given).toEqual(answers.map(([id, answer]) => ({ id, answer })));
  expect(errors.text.split(' This command')[0]).toBe(note);
});
