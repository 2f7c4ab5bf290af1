import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isFlag, recall, remembered } from '../../stores/memory.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { useSettings } from '../../stores/settings.ts';
import { platform } from '../../testing/fixture-data.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { LogPanel } from './LogPanel.tsx';

const running = '20260301-101500-run1';
const failed = '20260301-095500-fail';
const arm64 = platform('linux/arm64');

let app: TestApp;
afterEach(() => app.stop());

beforeAll(() => {
  // happy-dom has no layout: without a size, no line would be visible
  for (const side of ['clientHeight', 'offsetHeight', 'clientWidth', 'offsetWidth']) {
    Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 360 });
  }
});

async function open(id: string, options: { line?: number; platform?: string; state?: 'busy' | 'failed' } = {}) {
  const panel = (
    <LogPanel
      id={id}
      platform={options.platform ? platform(options.platform) : arm64}
      line={options.line}
      isOwnWindow={false}
      onClose={() => undefined}
    />
  );
  ({ app } = await renderWithApp(panel, options.state ?? 'busy'));
}

const log = () => screen.getByRole('log');
const line = (number: number) => log().querySelector(`[data-line="${number}"]`);
const lineShown = (number: number) => waitFor(() => expect(line(number)?.textContent).toMatch(/\w{3}/));

describe('the log of a platform', () => {
  it('opens at its end and renders only the lines around it', async () => {
    await open(running);
    await lineShown(1_399);
    expect(line(0)).toBeNull();
    expect(log().querySelectorAll('[data-line]').length).toBeLessThan(120);
    expect(log().getAttribute('aria-label')).toBe('Log of linux/arm64 on pi4, 1,400 lines');
  });

  it('follows new lines until the user scrolls away', async () => {
    await open(running);
    await lineShown(1_399);
    const emitLine = (from: number, text: string) =>
      act(async () =>
        app.emit({ event: 'job.log', buildId: running, platform: arm64, node: 'pi4', from, lines: [text] }),
      );
    await emitLine(1_400, 'something new');
    await waitFor(() => expect(line(1_400)?.textContent).toContain('something new'));
    expect(screen.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('true');

    fireEvent.keyDown(log(), { key: 'Home' });
    await lineShown(0);
    await emitLine(1_401, 'later');
    fireEvent.click(await screen.findByRole('button', { name: '1 new line' }));
    await waitFor(() => expect(line(1_401)?.textContent).toContain('later'));
  });

  it('opens at a line and highlights it', async () => {
    await open(failed, { line: 700, state: 'failed' });
    await lineShown(700);
    expect(line(700)?.className).toContain('marked');
    expect(line(1_399)).toBeNull();
  });

  it('finds text in the whole log and goes from match to match', async () => {
    await open(failed, { state: 'failed' });
    await lineShown(1_399);
    fireEvent.keyDown(log(), { key: 'Home' });
    await lineShown(0);
    fireEvent.click(screen.getByRole('button', { name: 'Find' }));
    const field = screen.getByRole('textbox', { name: 'Find in this log' });
    fireEvent.change(field, { target: { value: '(build): ' } });
    await screen.findByText('1 of 4 lines');
    await waitFor(() => expect(within(log()).getAllByText('(build):')[0]?.tagName).toBe('MARK'));
    fireEvent.keyDown(field, { key: 'Enter' });
    await screen.findByText('2 of 4 lines');
    await lineShown(120);
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
    await screen.findByText('4 of 4 lines');
    fireEvent.change(field, { target: { value: 'nowhere to be found' } });
    await screen.findByText('No matches');
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(screen.queryByRole('textbox')).toBeNull();
  });

  it('finds text in the logs of all platforms, and goes from platform to platform', async () => {
    await open(running);
    await lineShown(1_399);
    fireEvent.click(screen.getByRole('button', { name: 'Find' }));
    fireEvent.change(screen.getByRole('textbox', { name: 'Find in this log' }), { target: { value: 'step 4/10' } });
    fireEvent.click(screen.getByRole('button', { name: 'All platforms' }));
    const results = screen.getByRole('region', { name: 'Matches on all platforms' });
    const amd64 = await within(results).findByRole('heading', { name: /^amd64/ });
    expect(amd64.textContent).toMatch(/lines?$/);
    await within(results).findByRole('heading', { name: /^arm64/ });
    const field = screen.getByRole('textbox', { name: 'Find on all platforms' });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(useNavigation.getState().route?.log).toMatchObject({ id: running, platform: 'linux/amd64' });
    expect(within(results).getAllByRole('button', { current: true })).toHaveLength(1);
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(screen.queryByRole('region', { name: 'Matches on all platforms' })).toBeNull();
  });

  it('folds a step to one row that shows the number of hidden lines', async () => {
    await open(failed, { state: 'failed' });
    await lineShown(1_399);
    fireEvent.keyDown(log(), { key: 'Home' });
    await lineShown(0);
    const fold = await within(log()).findByRole('button', { name: 'Step 1 of 10', expanded: true });
    fireEvent.click(fold);
    await waitFor(() => expect(line(0)?.textContent).toContain('119 more lines'));
    expect(line(1)).toBeNull();
    await lineShown(120);
  });

  it('shows the step at the top of the view, and goes from step to step', async () => {
    await open(failed, { state: 'failed' });
    await lineShown(1_399);
    await screen.findByText('Step 4 of 10');
    fireEvent.keyDown(log(), { key: '[' });
    await lineShown(360);
    fireEvent.keyDown(log(), { key: '[' });
    await lineShown(240);
    await screen.findByText('Step 3 of 10');
  });

  it('names the step of a line between the lines of another step', async () => {
    await open(running);
    await lineShown(1_399);
    const lines = { from: 1_400, lines: ['of another step'], stepIds: ['0:2'] };
    await act(async () => app.emit({ event: 'job.log', buildId: running, platform: arm64, node: 'pi4', ...lines }));
    await waitFor(() => expect(line(1_400)?.textContent).toContain('2/10of another step'));
    expect(line(1_399)?.textContent).not.toContain('/10');
  });

  it('marks what a program wrote to its standard error', async () => {
    await open(running);
    await lineShown(1_399);
    // every seventeenth line of the fixture
    await waitFor(() => expect(line(1_394)?.textContent).toContain('(standard error)'));
    expect(line(1_395)?.textContent).not.toContain('(standard error)');
  });

  it('shows the time of each line on request, and keeps that as a setting', async () => {
    await open(running);
    await lineShown(1_399);
    expect(line(1_399)?.textContent).not.toMatch(/\d\d:\d\d:\d\d/);
    fireEvent.click(screen.getByRole('button', { name: 'Show times', pressed: false }));
    await waitFor(() => expect(line(1_399)?.textContent).toMatch(/\d\d:\d\d:\d\d/));
    expect(useSettings.getState().settings.logTimes).toBe(true);
  });

  it('wraps long lines on request, remembers that, and stays at its end', async () => {
    await open(running);
    await lineShown(1_399);
    fireEvent.click(screen.getByRole('button', { name: 'Wrap long lines', pressed: false }));
    await lineShown(1_399);
    expect(line(0)).toBeNull();
    expect(recall(remembered('log.wrap', isFlag, false))).toBe(true);
    expect(log().querySelectorAll('[data-line]').length).toBeLessThan(120);
    fireEvent.keyDown(log(), { key: 'Home' });
    await lineShown(0);
    fireEvent.click(screen.getByRole('button', { name: 'Wrap long lines', pressed: true }));
    await waitFor(() => expect(recall(remembered('log.wrap', isFlag, false))).toBe(false));
  });

  it('copies the selected lines with a heading that says where they are from', async () => {
    await open(failed, { state: 'failed' });
    await lineShown(1_399);
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    const number = (at: number) => line(at)?.querySelector('button');
    fireEvent.click(number(1_390) ?? document.body);
    fireEvent.click(number(1_392) ?? document.body, { shiftKey: true });
    await screen.findByText('3 lines');
    fireEvent.keyDown(log(), { key: 'c', ctrlKey: true });
    await waitFor(() => expect(write).toHaveBeenCalled());
    const [text = ''] = write.mock.calls[0] ?? [];
    expect(text.split('\n')[0]).toMatch(
      /^# registry\.example\.com\/team\/api:1\.4-rc2 linux\/arm64 on pi4, step 4\/10: RUN npm ci, lines 1,391 to 1,393$/,
    );
    expect(text.trim().split('\n')).toHaveLength(4);
  });

  it('selects lines with keys', async () => {
    await open(failed, { state: 'failed', line: 700 });
    await lineShown(700);
    fireEvent.keyDown(log(), { key: 'ArrowDown', shiftKey: true });
    fireEvent.keyDown(log(), { key: 'ArrowDown', shiftKey: true });
    await screen.findByText('2 lines');
  });

  it('switches to another platform with the arrow keys', async () => {
    await open(running);
    const tab = screen.getByRole('tab', { name: /^arm64 ?, building$/ });
    expect(tab.getAttribute('aria-selected')).toBe('true');
    fireEvent.keyDown(tab, { key: 'ArrowRight' });
    expect(useNavigation.getState().route?.log?.platform).toBe('linux/s390x');
  });

  it('shows what its job is waiting for while it is empty', async () => {
    await open(running, { platform: 'linux/s390x' });
    await screen.findByText('Queued: waiting for a slot on big-amd, 1 ahead');
  });

  it('shows that its build was deleted', async () => {
    await open('unknown');
    await screen.findByText('This build is no longer in the history');
  });

  it('asks for confirmation before it copies a very long log', async () => {
    await open(running);
    await act(async () =>
      app.emit({ event: 'job.log', buildId: running, platform: arm64, node: 'pi4', from: 60_000, lines: ['far'] }),
    );
    await waitFor(() => expect(log().getAttribute('aria-label')).toContain('60,001 lines'));
    await userEvent.click(screen.getByRole('button', { name: 'More about this log' }));
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Copy all' }));
    await screen.findByRole('dialog', { name: 'Copy 60,001 lines?' });
  });
});
