import { expect, it } from 'vitest';
import { notificationFor } from '../../shared/notification.ts';
import { isNotified } from '../../shared/notification-kind.ts';
import { fail } from '../../shared/problem.ts';
import { questionSchema } from '../../shared/question.ts';
import { done, failed, startEvents } from '../terminal/testing/recorded-build.ts';

const route = '#/build/20260102-030405-abcd';

it('reports a finished build and leads to it', () => {
  expect(notificationFor({ event: 'build.finished', build: done })).toEqual({
    title: 'Built registry.example.com/team/api:1.4',
    body: '2 platforms in 1:43.',
    route,
    kind: 'build',
  });
});

it('reports on which platforms a build has failed, and why', () => {
  expect(notificationFor({ event: 'build.finished', build: failed })).toEqual({
    title: 'Building registry.example.com/team/api:1.4 failed on linux/arm64',
    body: 'Node pi4: step `RUN make -j4 all` failed with exit code 2.',
    route,
    kind: 'build',
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

it.each([
  ['down', ['pi4'], 'Node pi4 is down', 'Its jobs go to other nodes.'],
  ['down', ['a', 'b'], '2 nodes are down', 'a and b. Their jobs go to other nodes.'],
  ['back', ['a', 'b', 'c', 'd', 'e', 'f', 'g'], '7 nodes are back', 'a, b, c, d, e and 2 more. Builds use them again.'],
  ['disk-low', ['pi4'], 'Node pi4 has little free disk space', 'Free disk space before the next build.'],
] as const)('reports nodes: %s', (kind, nodes, title, body) => {
  const notification = notificationFor({ event: 'node.alert', alert: { kind, nodes: [...nodes] } });
  expect(notification).toMatchObject({ title, body });
  expect(notification?.route).toBe(nodes.length === 1 ? '#/connections/pi4' : '#/connections');
});

it('leaves out the kinds that a person does not want', () => {
  expect(isNotified('node', {})).toBe(true);
  expect(isNotified('node', { mutedNotifications: ['build', 'of-a-newer-version'] })).toBe(true);
  expect(isNotified('node', { mutedNotifications: ['node'] })).toBe(false);
});

it('says which schedule has failed, also where it has no build', () => {
  const request = { ...failed.request, trigger: { kind: 'timer', name: 'nightly' } as const };
  expect(notificationFor({ event: 'build.finished', build: { ...failed, request } })?.title).toBe(
    'Building registry.example.com/team/api:1.4 (nightly) failed on linux/arm64',
  );
  const { problem } = fail('schedule.no-node', 'None of the nodes can be reached.', 'Check their connections.');
  const run = { at: '2026-01-02T03:04:05Z', status: 'failed', problem } as const;
  expect(notificationFor({ event: 'timer.finished', name: 'nightly', run })).toMatchObject({
    title: 'The schedule nightly failed',
    body: 'None of the nodes can be reached.',
    kind: 'build',
    route: '#/schedules',
  });
  expect(
    notificationFor({ event: 'timer.finished', name: 'nightly', run: { ...run, build: failed.id } }),
  ).toBeUndefined();
});

it('reports of builds of a watch only those that failed', () => {
  const trigger = { kind: 'watch', id: 'watch-1' } as const;
  const of = (build: typeof done) => ({ ...build, request: { ...build.request, trigger } });
  expect(notificationFor({ event: 'build.finished', build: of(done) })).toBeUndefined();
  expect(notificationFor({ event: 'build.finished', build: of(failed) })).toBeDefined();
});
