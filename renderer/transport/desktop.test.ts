import { expect, it, vi } from 'vitest';
import { openDesktopTransport } from './desktop.ts';

it('is always open, and passes everything else to the preload script', async () => {
  const call = vi.fn(async () => ({ ok: false as const, problem: { code: 'bug' as const, message: 'm', fix: 'f' } }));
  const transport = openDesktopTransport({ call, onEvent: () => () => {}, pathOf: () => '/home/anna/api' });
  const states: string[] = [];
  transport.onLink((state) => states.push(state));
  expect(states).toEqual(['open']);
  expect(await transport.call('app.info', {})).toMatchObject({ ok: false });
  expect(transport.pathOf?.(new File([], 'api'))).toBe('/home/anna/api');
});
