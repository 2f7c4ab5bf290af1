import { expect, it } from 'vitest';
import { notificationFor } from '../../shared/notification.ts';
import { questionSchema } from '../../shared/question.ts';
import { done, failed, startEvents } from '../terminal/testing/recorded-build.ts';

const route = '#/build/20260102-030405-abcd';

it('reports a finished build and leads to it', () => {
  expect(notificationFor({ event: 'build.finished', build: done })).toEqual({
    title: 'Built registry.example.com/team/api:1.4',
    body: '2 platforms in 1:43.',
    route,
  });
});

it('reports on which platforms a build has failed, and why', () => {
  expect(notificationFor({ event: 'build.finished', build: failed })).toEqual({
    title: 'Building registry.example.com/team/api:1.4 failed on linux/arm64',
    body: 'Node pi4: step `RUN make -j4 all` failed with exit code 2.',
    route,
  });
});

it.each([
  [{ kind: 'host-key', keyType: 'ssh-ed25519', fingerprint: 'SHA256:x', notes: [] }, /has an unknown host key/],
  [{ kind: 'proxy-command', command: 'nc pi4 22', file: '/c', line: 2 }, /connects through a command/],
  [{ kind: 'passphrase', path: '/k', wasWrong: false, remember: { possible: true } }, /needs a passphrase/],
  [{ kind: 'password', user: 'kim', wasWrong: false, remember: { possible: true } }, /needs a password/],
  [
    {
      kind: 'prompts',
      user: 'kim',
      title: '',
      instructions: '',
      prompts: [{ text: 'Code:', echo: true }],
      wasWrong: false,
    },
    /needs an answer/,
  ],
] as const)('reports a question: %j', (question, title) => {
  const asked = questionSchema.parse({ id: 'q', connection: 'pi4', host: 'pi4.local', port: 22, ...question });
  expect(notificationFor({ event: 'question.asked', question: asked })?.title).toMatch(title);
});

it('reports neither cancelled builds nor progress', () => {
  expect(notificationFor({ event: 'build.finished', build: { ...done, status: 'cancelled' } })).toBeUndefined();
  expect(startEvents.flatMap((event) => notificationFor(event) ?? [])).toEqual([]);
});
