import { cleanup, renderHook, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CallInput } from '../../../shared/contract.ts';
import { setTransport } from '../../api.ts';
import { usePreview } from './use-preview.ts';

type Request = CallInput<'builds.preview'>;
let calls: { input: unknown; signal: AbortSignal | undefined }[];

beforeEach(() => {
  calls = [];
  setTransport({
    call: (_name, input, { signal } = {}) => {
      calls.push({ input, signal });
      return new Promise(() => {});
    },
    onEvent: () => () => {},
    onLink: () => () => {},
  });
});
afterEach(() => {
  cleanup();
  setTransport(undefined);
});

const request: Request = { context: '/home/anna/api', reference: 'api:1', farm: 'home', platforms: ['linux/amd64'] };
const open = () => renderHook((input: Request) => usePreview(input), { initialProps: request });

it('probes the nodes once for requests with the same schedule', async () => {
  const { rerender } = open();
  await waitFor(() => expect(calls).toHaveLength(1));
  for (const change of [
    { reference: 'api:2' },
    { noCache: true },
    { target: 'test' },
    { buildArgs: { A: '1' } },
    { labels: { b: '2' } },
  ]) {
    rerender({ ...request, ...change });
  }
  rerender({ ...request, emulate: false });
  await waitFor(() => expect(calls).toHaveLength(2));
  expect(calls[1]?.input).toMatchObject({ emulate: false });
});

it('cancels a preview that is superseded or no longer shown', async () => {
  const { rerender, unmount } = open();
  await waitFor(() => expect(calls).toHaveLength(1));
  rerender({ ...request, farm: 'release' });
  expect(calls[0]?.signal?.aborted).toBe(true);
  await waitFor(() => expect(calls).toHaveLength(2));
  expect(calls[1]?.signal?.aborted).toBe(false);
  unmount();
  expect(calls[1]?.signal?.aborted).toBe(true);
});
