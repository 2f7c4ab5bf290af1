import { expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import type { EngineOutput } from '../engines/engine.ts';
import { maxLineChars } from '../engines/line-buffer.ts';
import { testBuild } from '../engines/testing/engine-build.ts';
import { buildHidingSecrets } from './hidden-secrets.ts';

const secret = 'correct-horse-battery';
const secrets = [{ id: 'a', value: Buffer.from(secret) }];
const log = (text: string, stepId = '1'): EngineOutput => ({ kind: 'log', stepId, stream: 'stdout', time: 1, text });

/** What a front end gets of a build that says this. */
async function textsOf(outputs: readonly EngineOutput[], changes: Parameters<typeof testBuild>[0] = { secrets }) {
  const got: EngineOutput[] = [];
  const builder = {
    build: async (_: unknown, onOutput: (output: EngineOutput) => void) => {
      outputs.forEach(onOutput);
      return { imageId: 'x' };
    },
  };
  await buildHidingSecrets(builder, testBuild(changes), (output) => got.push(output), new AbortController().signal);
  return got;
}

test('secrets are hidden in lines of steps, errors of steps and warnings', async () => {
  expect(
    await textsOf([
      log(`it is ${secret}`),
      { kind: 'warning', text: secret, detail: `x ${secret}` },
      { kind: 'step-ended', id: '1', cached: false, error: `failed: ${secret}` },
    ]),
  ).toEqual([
    log('it is ***'),
    { kind: 'warning', text: '***', detail: 'x ***' },
    { kind: 'step-ended', id: '1', cached: false, error: 'failed: ***' },
  ]);
});

test('and in the failure of a build', async () => {
  const failing = { build: () => Promise.reject(fail('build.failed', `It printed ${secret}.`, 'Fix it.', secret)) };
  const result = buildHidingSecrets(failing, testBuild({ secrets }), () => undefined, new AbortController().signal);
  await expect(result).rejects.toMatchObject({ problem: { message: 'It printed ***.', detail: '***' } });
});

test.each([1, 5, secret.length - 1])(
  'a secret is hidden where a long line is cut after %d of its characters',
  async (cut) => {
    const line = `${'x'.repeat(maxLineChars - cut)}${secret} end`;
    const outputs = [log(line.slice(0, maxLineChars)), log('other', '2'), log(line.slice(maxLineChars))];
    const got = (await textsOf(outputs)).flatMap((output) => (output.kind === 'log' ? [output] : []));
    const text = got
      .filter(({ stepId }) => stepId === '1')
      .map((output) => output.text)
      .join('');
    expect(text).toBe(`${'x'.repeat(maxLineChars - cut)}*** end`);
  },
);

test('the end of a long line that nothing follows is not lost', async () => {
  const line = 'x'.repeat(maxLineChars);
  const got = await textsOf([log(line), { kind: 'step-ended', id: '1', cached: false }]);
  expect(got.map((output) => (output.kind === 'log' ? output.text : output.kind)).join('')).toBe(`${line}step-ended`);
  const unended = await textsOf([log(line)]);
  expect(unended.map((output) => (output.kind === 'log' ? output.text : '')).join('')).toBe(line);
});

test('without secrets, output stays as it is', async () => {
  const outputs = [log('x'.repeat(maxLineChars)), log(secret)];
  expect(await textsOf(outputs, {})).toEqual(outputs);
});

test('logins are hidden only in what the engine itself says', async () => {
  const logins = [{ registry: 'r', credentials: { username: 'u', password: 'pw-of-u' } }];
  const said: EngineOutput = { kind: 'log', stream: 'engine', time: 1, text: 'pw-of-u' };
  expect(await textsOf([said, log('pw-of-u')], { logins })).toEqual([{ ...said, text: '***' }, log('pw-of-u')]);
});
