import { expect, it, vi } from 'vitest';
import { openDesktopTransport } from './desktop.ts';

const problem = { code: 'bug' as const, message: 'm', fix: 'f' };
const bridge = { onEvent: () => () => {}, pathOf: () => '/home/anna/api', cancel: () => {} };

it('is always open, and passes everything else to the preload script', async () => {
  const call = vi.fn(async () => ({ ok: false as const, problem }));
  const transport = openDesktopTransport({ ...bridge, call });
  const states: string[] = [];
  transport.onLink((state) => states.push(state));
  expect(states).toEqual(['open']);
  expect(await transport.call('app.info', {})).toMatchObject({ ok: false });
  expect(transport.pathOf?.(new File([], 'api'))).toBe('/home/anna/api');
});

it('cancels the call whose signal aborts, and no call that has ended', async () => {
  const ids: string[] = [];
  const cancelled: string[] = [];
  let end = (): void => {};
  const transport = openDesktopTransport({
    ...bridge,
    call: (_name, _input, id = '') => {
      ids.push(id);
      return new Promise((resolve) => {
        end = () => resolve({ ok: false, problem });
      });
    },
    cancel: (id) => {
      cancelled.push(id);
      end();
    },
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const call = transport.call('nodes.list', {}, { signal: first.signal });
  first.abort();
  await call;
  const other = transport.call('nodes.list', {}, { signal: second.signal });
  end();
  await other;
  second.abort();
  expect(cancelled).toEqual([ids[0]]);
  expect(new Set(ids).size).toBe(2);
});
