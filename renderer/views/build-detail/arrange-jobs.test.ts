import { expect, it } from 'vitest';
import { arrangeJobs } from './arrange-jobs.ts';
import { makeJob } from './testing/jobs.ts';

const jobs = [
  makeJob('amd64', { status: 'done' }),
  makeJob('arm64', { status: 'transferring' }),
  makeJob('s390x', { status: 'failed' }),
  makeJob('riscv64', { status: 'queued' }),
  makeJob('ppc64le', { status: 'failed' }),
];
const names = (state: Parameters<typeof arrangeJobs>[1], isFailedFirst = false) =>
  arrangeJobs(jobs, state, isFailedFirst).map(({ platform }) => platform.slice('linux/'.length));

it('the platforms keep their order, and can be limited to one state', () => {
  expect(names('all')).toEqual(['amd64', 'arm64', 's390x', 'riscv64', 'ppc64le']);
  expect(names('failed')).toEqual(['s390x', 'ppc64le']);
  expect(names('running')).toEqual(['arm64']);
});

it('all platforms are shown if none is in the state any more', () => {
  expect(names('cancelled')).toHaveLength(5);
});

it('failed platforms come first on demand', () => {
  expect(names('all', true)).toEqual(['s390x', 'ppc64le', 'arm64', 'riscv64', 'amd64']);
});
