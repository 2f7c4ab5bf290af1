import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { ErrorBoundary } from '../frame/ErrorBoundary.tsx';
import { lazyPart, useLastLoaded } from './lazy-part.tsx';

afterEach(cleanup);

function Clock({ time }: { readonly time: string }) {
  return <p>It is {time}.</p>;
}

it('is loaded once, when it is first rendered', async () => {
  const importPart = vi.fn(async () => Clock);
  const Part = lazyPart(importPart);
  expect([importPart.mock.calls.length, Part.isLoaded()]).toEqual([0, false]);
  render(<Part time="ten" />);
  await screen.findByText('It is ten.');
  cleanup();
  render(<Part time="eleven" />);
  // at once
  screen.getByText('It is eleven.');
  expect(importPart).toHaveBeenCalledOnce();
});

it('says that it cannot be loaded, and offers to reload the window', async () => {
  const reload = vi.spyOn(window.location, 'reload').mockImplementation(() => undefined);
  const Part = lazyPart<{ time: string }>(() => Promise.reject(new TypeError('Failed to fetch')));
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  render(
    <ErrorBoundary>
      <Part time="ten" />
    </ErrorBoundary>,
  );
  await screen.findByText('A part of the window could not be loaded.');
  screen.getByRole('button', { name: 'Reload window' }).click();
  expect(reload).toHaveBeenCalledOnce();
  vi.restoreAllMocks();
});

it('lets what is shown stay until the next is loaded', async () => {
  const Loaded = lazyPart(async () => Clock);
  await Loaded.load();
  let finish = (): void => undefined;
  const Next = lazyPart(
    () =>
      new Promise<typeof Clock>((resolve) => {
        finish = () => resolve(Clock);
      }),
  );
  const parts = { loaded: Loaded, next: Next };
  const codeOf = (name: keyof typeof parts) => parts[name];
  function Shown({ name }: { readonly name: keyof typeof parts }) {
    const shown = useLastLoaded(name, codeOf);
    return <output>{shown}</output>;
  }
  const { rerender } = render(<Shown name="loaded" />);
  rerender(<Shown name="next" />);
  screen.getByText('loaded');
  finish();
  await screen.findByText('next');
});
