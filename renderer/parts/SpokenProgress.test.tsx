import { render } from '@testing-library/react';
import { expect, it } from 'vitest';
import { SpokenProgress, type SpokenProgressProps } from './SpokenProgress.tsx';

const what = 'Push of api:1.4';

function start(first: Omit<SpokenProgressProps, 'what'>) {
  const { rerender, container } = render(<SpokenProgress what={what} {...first} />);
  const spoken = (): string => container.textContent ?? '';
  return {
    spoken,
    next: (share: number | undefined, end?: string): string => {
      rerender(<SpokenProgress what={what} share={share} end={end} />);
      return spoken();
    },
  };
}

it('says each quarter once, and the end', () => {
  const { next } = start({ share: undefined, end: undefined });
  expect([0.01, 0.2, 0.26, 0.3, 0.74, 1].map((share) => next(share))).toEqual([
    ...['', '', `${what}: 25 %.`, `${what}: 25 %.`, `${what}: 50 %.`, `${what}: 50 %.`],
  ]);
  expect(next(1, 'Done')).toBe(`${what}: Done.`);
});

it('says nothing of what had ended before', () => {
  const { spoken, next } = start({ share: 1, end: 'Done' });
  expect(spoken()).toBe('');
  expect(next(undefined)).toBe('');
  expect(next(0.3, 'Failed')).toBe(`${what}: Failed.`);
});
