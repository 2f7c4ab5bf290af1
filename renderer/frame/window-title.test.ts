import { expect, it } from 'vitest';
import { windowTitle } from './window-title.ts';

const api = { status: 'done', reference: 'registry.example.com/team/api:1.4' } as const;

it.each([
  [[], [], 'Barnraiser'],
  [[], ['api:1.4'], '● Building api:1.4 · Barnraiser'],
  [[], ['api:1.4', 'web:2'], '● Building 2 images · Barnraiser'],
  [[api], ['web:2'], '✓ api:1.4 · Barnraiser'],
  [[{ ...api, notPushed: ['eu.example.com/api:1.4'] }], [], '✗ api:1.4 · Barnraiser'],
  [[{ ...api, status: 'failed' as const }, api], [], '✗ api:1.4 and 1 more · Barnraiser'],
])('shows builds that ended unseen before those that run (%#)', (unseen, running, title) => {
  expect(windowTitle(unseen, running)).toBe(title);
});
