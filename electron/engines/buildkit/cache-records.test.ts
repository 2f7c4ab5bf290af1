import { expect, onTestFinished, test, vi } from 'vitest';
import { type CacheRecord, removeNewRecords } from './cache-records.ts';

const record = (id: string): CacheRecord => ({
  id,
  description: '',
  isInUse: false,
  isShared: false,
  bytes: 1,
  parents: [],
});

test('records are removed until none is left of those that were added', async () => {
  // a record goes only after those that are based on it
  let records = ['old', 'one', 'two', 'three'].map(record);
  const remove = async () => {
    records = records.slice(0, -1);
  };
  await removeNewRecords({ list: async () => records, remove }, new Set(['old']));
  expect(records.map(({ id }) => id)).toEqual(['old']);
});

test('a daemon that always names other records does not hold a build up', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let count = 5_000;
  let most = 0;
  const remove = async (ids: readonly string[]) => {
    most = Math.max(most, ids.length);
    vi.advanceTimersByTime(1_000);
  };
  const list = async () => {
    count -= 1;
    return Array.from({ length: count }, (_, number) => record(`${count}.${number}`));
  };
  await removeNewRecords({ list, remove }, new Set());
  expect(count).toBeGreaterThan(4_900);
  expect(most).toBeLessThanOrEqual(1_000);
});
