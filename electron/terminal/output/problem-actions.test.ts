import { expect, test } from 'vitest';
import { type ProblemAction, problemActionSchema } from '../../../shared/problem-action.ts';
import { parseArguments } from '../commands/parse-arguments.ts';
import { actionHint } from './problem-actions.ts';

const actions: readonly ProblemAction[] = [
  { id: 'push-without-tls', reason: 'plain-http' },
  { id: 'push-without-tls', reason: 'certificate' },
  { id: 'sign-in', registry: 'registry.example.com' },
  { id: 'choose-destination', reference: 'api:1' },
  { id: 'choose-containerfile' },
  { id: 'ignore-files', patterns: ['.env'] },
  { id: 'use-docker-format' },
  { id: 'allow-emulation' },
  { id: 'allow-platform-mismatch', platform: 'linux/arm64' },
  { id: 'show-connections' },
  { id: 'add-connection' },
  { id: 'create-farm', name: 'pis' },
  { id: 'trust-host-keys' },
  { id: 'check-connection', connection: 'pi4' },
  { id: 'use-node-again', node: 'pi4' },
  { id: 'free-disk', node: 'pi4' },
  { id: 'resume-node', node: 'pi4' },
  { id: 'resume-changed', build: '20260102-030405-abcd' },
  { id: 'push-incomplete', reference: 'api:1' },
  { id: 'show-builds' },
  { id: 'show-images' },
];

const isValid = (line: string): boolean => parseArguments(line.split(' '), { env: {}, cwd: '/' }).kind === 'command';

test('the list of actions is complete', () => {
  const ids = problemActionSchema.options.map(({ shape }) => shape.id.value);
  expect([...new Set(actions.map(({ id }) => id))].sort()).toEqual([...ids].sort());
});

test.each(actions)('the hint of $id names a command or flag that exists', (action) => {
  const hint = actionHint(action);
  const [, line] = /run barnraiser (.*)\.$/.exec(hint) ?? [];
  if (line !== undefined) {
    expect(isValid(line.replace('CONNECTION...', 'pi4')), line).toBe(true);
  }
  const [, flag] = /(?:add|leave out) (--.*?)[.,]/.exec(hint) ?? [];
  if (flag !== undefined) {
    expect([`build . ${flag}`, `push api ${flag}`].some(isValid), flag).toBe(true);
  }
  expect(line ?? flag ?? (action.id === 'ignore-files' ? '' : undefined), hint).toBeDefined();
});
