import { expect, test } from 'vitest';
import { migrateSteps } from './old-steps.ts';

const old = (stage: string, index: number, total: number, more = {}) => ({
  stage,
  index,
  total,
  text: `RUN ${stage}`,
  cached: false,
  startedAt: '2026-03-01T10:00:00.000Z',
  ...more,
});

test('steps of an older record are counted over all stages and have ids', () => {
  const job = {
    status: 'done',
    platform: 'linux/amd64',
    steps: [old('1/3', 1, 2), old('1/3', 2, 2), old('3/3', 1, 2), old('3/3', 2, 2)],
  };
  expect(migrateSteps(job)).toMatchObject({
    platform: 'linux/amd64',
    steps: [
      { id: '0:1', index: 1, total: 4, name: 'RUN 1/3', stage: 'stage 1' },
      { id: '0:2', index: 2, total: 4 },
      { id: '2:1', index: 3, total: 4, stage: 'stage 3' },
      { id: '2:2', index: 4, total: 4 },
    ],
  });
});

test('the failed step of an older record has the message of the failure', () => {
  const problem = { code: 'build.failed', message: 'It failed.' };
  const steps = [old('1/2', 1, 2), old('2/2', 1, 2)];
  expect(migrateSteps({ status: 'failed', problem, steps })).toMatchObject({ steps: [{}, { error: 'It failed.' }] });
  const marked = [old('1/2', 1, 2, { failed: true }), old('2/2', 1, 2)];
  const migrated = migrateSteps({ status: 'failed', problem, steps: marked });
  expect(migrated).toMatchObject({ steps: [{ error: 'It failed.' }, {}] });
  expect(JSON.stringify(migrated)).not.toContain('failed":true');
});
