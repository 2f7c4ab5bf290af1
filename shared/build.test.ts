import { describe, expect, test } from 'vitest';
import { isCancelling, type Phase } from './build.ts';

describe('a running build is being cancelled', () => {
  const cancelling = (...statuses: readonly Phase[]) =>
    isCancelling({ status: 'running', jobs: statuses.map((status) => ({ status })) });

  test('if all jobs that have not ended are', () => {
    expect(cancelling('cancelling', 'cancelling')).toBe(true);
    expect(cancelling('done', 'cancelling', 'failed')).toBe(true);
  });

  test('not while another job goes on, or without a job that is', () => {
    expect(cancelling('building', 'cancelling')).toBe(false);
    expect(cancelling('queued', 'cancelling')).toBe(false);
    expect(cancelling('done', 'cancelled')).toBe(false);
    expect(isCancelling({ status: 'cancelled', jobs: [{ status: 'cancelling' }] })).toBe(false);
  });
});
