import { expect, it } from 'vitest';
import { questionSchema } from '../../shared/question.ts';
import { done, failed, underWay } from '../terminal/testing/recorded-build.ts';
import { notificationOf } from './notification.ts';

const place = '#/build/20260102-030405-abcd';

it('tells that a build has ended well, and leads to it', () => {
  expect(notificationOf({ event: 'build.finished', build: done })).toEqual({
    title: 'registry.example.com/team/api:1.4 is built',
    body: '2 platforms in 1:43.',
    place,
  });
});

it('tells on which platforms a build has failed, and why', () => {
  expect(notificationOf({ event: 'build.finished', build: failed })).toEqual({
    title: 'registry.example.com/team/api:1.4 failed on linux/arm64',
    body: 'Node pi4: the step `RUN make -j4 all` ended with exit code 2.',
    place,
  });
});

it.each([
  [{ kind: 'host-key', keyType: 'ssh-ed25519', fingerprint: 'SHA256:x', notes: [] }, /key that is not known/],
  [{ kind: 'proxy-command', command: 'nc pi4 22', file: '/c', line: 2 }, /reached by a command/],
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
    /asks something/,
  ],
] as const)('tells what waits for a person: %j', (question, title) => {
  const asked = questionSchema.parse({ id: 'q', connection: 'pi4', host: 'pi4.local', port: 22, ...question });
  expect(notificationOf({ event: 'question.asked', question: asked })?.title).toMatch(title);
});

it('is silent about what a person has cancelled and about all that goes on', () => {
  expect(notificationOf({ event: 'build.finished', build: { ...done, status: 'cancelled' } })).toBeUndefined();
  expect(underWay.flatMap((event) => notificationOf(event) ?? [])).toEqual([]);
});
