import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Push } from '../../../shared/push.ts';
import { setTransport } from '../../api.ts';
import { usePushes } from '../../stores/pushes.ts';
import { toastManager } from '../../stores/toasts.ts';
import { pushProblem } from '../../testing/fixture-data.ts';
import { startTestApp, type TestApp } from '../../testing/render-app.tsx';
import { PushSheet } from './PushSheet.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
beforeEach(() => localStorage.clear());
afterEach(() => {
  app.stop();
  vi.restoreAllMocks();
});

async function open(state: 'done' | 'busy' | 'failed' = 'done') {
  app = await startTestApp(state);
  return renderSheet();
}

function renderSheet() {
  return render(<PushSheet reference={reference} onClose={() => undefined} />);
}

const destination = () => screen.getByRole('textbox', { name: 'Destination' });
const button = (name: RegExp | string) => screen.getByRole('button', { name });

function newest(): Push {
  const { order, byId } = usePushes.getState();
  const push = byId[order[0] ?? ''];
  if (!push) {
    throw new Error('nothing was pushed');
  }
  return push;
}
const end = (change: Partial<Push>) =>
  act(async () => {
    app.emit({ event: 'push.finished', push: { ...newest(), ...change } });
    await waitFor(() => expect(newest().status).toBe(change.status));
  });

describe('a push', () => {
  it('needs a destination with a registry', async () => {
    await open();
    fireEvent.change(destination(), { target: { value: 'api:1.3' } });
    await screen.findByText(/The registry is missing/);
    expect(button(/^Push/)).toHaveProperty('disabled', true);
    fireEvent.change(destination(), { target: { value: 'reg.example.com/api' } });
    screen.getByText('Will be pushed as reg.example.com/api:latest.');
    expect(button(/^Push/)).toHaveProperty('disabled', false);
  });

  it('shows beforehand what will be uploaded', async () => {
    await open();
    screen.getByText('Up to 286 MB to upload');
    expect(screen.getAllByText('4 layers')).toHaveLength(3);
  });

  it('sends entered credentials without storing them', async () => {
    await open();
    const calls: unknown[] = [];
    setTransport({
      call: (name, input) => {
        calls.push([name, input]);
        return app.call(name, input);
      },
      onEvent: (listener) => app.subscribe(listener),
      onLink: () => () => undefined,
    });
    fireEvent.click(button('Username and password'));
    expect(button(/^Push/)).toHaveProperty('disabled', true);
    fireEvent.change(screen.getByLabelText('Username'), { target: { value: 'anna' } });
    fireEvent.change(screen.getByLabelText('Password or token'), { target: { value: 'secret' } });
    await userEvent.click(screen.getByRole('switch', { name: /Allow HTTP/ }));
    fireEvent.submit(destination().closest('form') ?? destination());
    await screen.findByText('Pushing api:1.3');
    expect(calls).toEqual([
      [
        'pushes.start',
        {
          reference,
          destination: reference,
          tlsVerify: false,
          credentials: { username: 'anna', password: 'secret' },
        },
      ],
    ]);
    expect(JSON.stringify(Object.entries(localStorage))).not.toContain('secret');
    expect(localStorage.getItem('push-destinations')).toContain('registry.example.com/team/api');
  });

  it('shows its progress, then its result with commands to use the image', async () => {
    await open();
    fireEvent.submit(destination().closest('form') ?? destination());
    await screen.findByText('Pushing api:1.3');
    screen.getByRole('progressbar', { name: 'Total progress' });
    screen.getByRole('progressbar', { name: 'linux/s390x' });
    screen.getByText('22.6 MB uploaded, 171 MB already in the registry');
    screen.getByText('Uploaded last');
    await end({ status: 'done', digest: `sha256:${'1'.repeat(64)}` });
    await screen.findByText('Pushed api:1.3');
    screen.getByText(`podman run --rm ${reference}`);
    screen.getByText(`docker pull ${reference}`);
    screen.getByText(`sha256:${'1'.repeat(64)}`);
  });

  it('can be cancelled and retried', async () => {
    await open('busy');
    fireEvent.click(button('Cancel push'));
    await screen.findByText('Cancelled push of api:1.3');
    fireEvent.click(button('Retry push'));
    await screen.findByText('Pushing api:1.3');
  });

  it('shows why it failed, and lets the person change the settings', async () => {
    await open('failed');
    screen.getByText(pushProblem.message);
    fireEvent.click(button('Change settings…'));
    expect(destination()).toHaveProperty('value', reference);
  });

  it('continues when its sheet is closed, and shows its result in a toast and in the reopened sheet', async () => {
    const { unmount } = await open('busy');
    const add = vi.spyOn(toastManager, 'add');
    unmount();
    await end({ status: 'done', digest: `sha256:${'2'.repeat(64)}` });
    expect(add).toHaveBeenCalledWith(expect.objectContaining({ title: 'Pushed api:1.3' }));
    renderSheet();
    screen.getByText('Pushed api:1.3');
  });

  it('shows no toast while its sheet is open', async () => {
    await open('busy');
    const add = vi.spyOn(toastManager, 'add');
    await end({ status: 'failed', problem: pushProblem });
    await screen.findByText(pushProblem.message);
    expect(add).not.toHaveBeenCalled();
  });
});
