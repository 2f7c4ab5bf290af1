import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Push } from '../../../shared/push.ts';
import { setTransport } from '../../api.ts';
import { usePushes } from '../../stores/pushes.ts';
import { toastManager } from '../../stores/toasts.ts';
import { pushProblem } from '../../testing/fixture-data.ts';
import { isDisabled, startTestApp, type TestApp } from '../../testing/render-app.tsx';
import { PushSheet } from './PushSheet.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
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

/** The calls from now on, each with its name and input. */
function recordCalls(): unknown[] {
  const calls: unknown[] = [];
  setTransport({
    call: (name, input) => {
      calls.push([name, input]);
      return app.call(name, input);
    },
    onEvent: (listener) => app.subscribe(listener),
    onLink: () => () => undefined,
  });
  return calls;
}

const testDigest = `sha256:${'1'.repeat(64)}` as const;
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
    expect(isDisabled(button(/^Push/))).toBe(true);
    fireEvent.change(destination(), { target: { value: 'reg.example.com/api' } });
    screen.getByText('Will be pushed as reg.example.com/api:latest.');
    expect(isDisabled(button(/^Push/))).toBe(false);
  });

  it('keeps the focus in the form when a recent destination is chosen, whose button goes away', async () => {
    await open();
    fireEvent.change(destination(), { target: { value: '' } });
    const group = screen.getByText('Recent').parentElement ?? document.body;
    const [recent] = within(group).getAllByRole('button');
    await userEvent.click(recent ?? group);
    expect(destination()).not.toHaveProperty('value', '');
    expect(document.activeElement).toBe(destination());
  });

  it('shows beforehand what will be uploaded', async () => {
    await open();
    screen.getByText('Up to 286 MB to upload');
    expect(screen.getAllByText('4 layers')).toHaveLength(3);
  });

  it('sends entered credentials without storing them', async () => {
    await open();
    const calls = recordCalls();
    fireEvent.click(button('Username and password'));
    expect(isDisabled(button(/^Push/))).toBe(true);
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
  });

  it('goes to several destinations, each with its outcome, and is repeated for those that failed', async () => {
    await open();
    await userEvent.click(button('Add destination'));
    const second = screen.getByRole('textbox', { name: 'Destination 2' });
    fireEvent.change(second, { target: { value: reference } });
    screen.getByText('This destination is named twice.');
    expect(isDisabled(button(/^Push image/))).toBe(true);
    fireEvent.change(second, { target: { value: 'mirror.example.com/api:1.3' } });
    const calls = recordCalls();
    fireEvent.submit(destination().closest('form') ?? destination());
    await screen.findByText('2 destinations');
    expect(calls).toMatchObject([
      ['pushes.startAll', { reference, destinations: [reference, 'mirror.example.com/api:1.3'] }],
    ]);
    const group = Object.values(usePushes.getState().byId).filter((push) => push.group !== undefined);
    act(() => {
      app.emit({ event: 'push.finished', push: { ...group[0], status: 'done', digest: testDigest } as Push });
      app.emit({ event: 'push.finished', push: { ...group[1], status: 'failed', problem: pushProblem } as Push });
    });
    await screen.findByText(pushProblem.message);
    screen.getByText('Pushed');
    await userEvent.click(button('Retry 1 push'));
    await waitFor(() =>
      expect(calls.at(-1)).toMatchObject(['pushes.start', { destination: 'mirror.example.com/api:1.3' }]),
    );
  });

  it('keeps the other platforms of the list in the registry where asked, and shows which', async () => {
    await open();
    const calls = recordCalls();
    await userEvent.click(screen.getByRole('switch', { name: /^Keep other platforms/ }));
    fireEvent.submit(destination().closest('form') ?? destination());
    await waitFor(() => expect(calls).toContainEqual(['pushes.start', expect.objectContaining({ merge: true })]));
    const kept = newest()
      .images.slice(0, 1)
      .map(({ platform }) => platform);
    await end({ status: 'done', digest: testDigest, kept, hasRaced: true });
    expect(screen.getByText('Kept from the list that was there: amd64.')).toBeDefined();
    expect(screen.getByText(/Somebody else changed the list meanwhile/)).toBeDefined();
  });

  it('says which platforms the list in the registry would lose, until they are kept', async () => {
    await open();
    await screen.findByText('The list in the registry has windows/amd64, which this one lacks.');
    await userEvent.click(screen.getByRole('switch', { name: /^Keep other platforms/ }));
    await waitFor(() => expect(screen.queryByText(/which this one lacks/)).toBeNull());
    await userEvent.click(screen.getByRole('switch', { name: /^Keep other platforms/ }));
    await screen.findByText(/which this one lacks/);
    fireEvent.change(destination(), { target: { value: 'registry.example.com/gone:1' } });
    await waitFor(() => expect(screen.queryByText(/which this one lacks/)).toBeNull());
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

  it('proposes the last destination of its repository, and namespaces where other images were pushed', async () => {
    await open();
    await userEvent.click(button('mirror.example.com:5000'));
    expect(destination()).toHaveProperty('value', 'mirror.example.com:5000/api:1.3');
    screen.getByRole('button', { name: 'registry.example.com/team' });
    expect(screen.queryByRole('button', { name: 'mirror.example.com:5000' })).toBeNull();
  });

  it('proposes a destination after a push that was done, and not after one that failed', async () => {
    await open('busy');
    const failedDestination = 'no.such.registry.example.com/x/api:1.3';
    await end({ status: 'failed', destination: failedDestination, problem: pushProblem });
    fireEvent.click(button('Change settings…'));
    expect(screen.queryByRole('button', { name: 'no.such.registry.example.com/x' })).toBeNull();
    const record = {
      reference,
      destination: 'new.example.com/x/api:1.3',
      digest: testDigest,
      at: '2026-01-01T00:00:00Z',
    };
    act(() => app.emit({ event: 'pushes.changed', history: [record] }));
    await screen.findByRole('button', { name: 'new.example.com/x' });
  });

  it('offers plain HTTP as the main button if the registry speaks only that', async () => {
    await open('busy');
    await end({
      status: 'failed',
      uploadedBytes: 0,
      skippedBytes: 0,
      problem: { ...pushProblem, actions: [{ id: 'push-without-tls', reason: 'plain-http' }] },
    });
    expect(screen.queryByRole('button', { name: 'Retry push' })).toBeNull();
    const calls = recordCalls();
    await userEvent.click(button('Push over plain HTTP'));
    await screen.findByText('Pushing api:1.3');
    expect(calls).toMatchObject([['pushes.start', { tlsVerify: false }]]);
  });

  it('offers to push without verification beside a retry if the certificate is unknown', async () => {
    await open('busy');
    const problem = { ...pushProblem, actions: [{ id: 'push-without-tls' as const, reason: 'certificate' as const }] };
    await end({ status: 'failed', problem });
    screen.getByRole('button', { name: 'Retry push' });
    const calls = recordCalls();
    await userEvent.click(button('Go on without verification'));
    await screen.findByText('Pushing api:1.3');
    expect(calls).toMatchObject([['pushes.start', { tlsVerify: false }]]);
  });

  it('lets the person sign in if the registry wants a login, and pushes again then', async () => {
    await open('busy');
    const problem = { ...pushProblem, actions: [{ id: 'sign-in' as const, registry: 'registry.example.com' }] };
    await end({ status: 'failed', problem });
    await userEvent.click(button('Sign in'));
    const calls = recordCalls();
    await userEvent.type(await screen.findByLabelText('Username'), 'anna');
    await userEvent.type(screen.getByLabelText('Password or token'), 'secret');
    await userEvent.click(
      within(screen.getByRole('dialog', { name: /^Sign in to/ })).getByRole('button', { name: 'Sign in' }),
    );
    await screen.findByText('Pushing api:1.3');
    expect(calls.slice(0, 2)).toMatchObject([
      ['registries.login', { name: 'registry.example.com', username: 'anna', password: 'secret', store: 'barnraiser' }],
      ['pushes.start', { reference }],
    ]);
  });

  it('shows no progress if it ended before anything was sent', async () => {
    await open('busy');
    await end({ status: 'failed', uploadedBytes: 0, skippedBytes: 0, totalBytes: 0, problem: pushProblem });
    screen.getByText(pushProblem.message);
    expect(screen.queryByRole('progressbar')).toBeNull();
    expect(screen.queryByText(/uploaded|Checking/)).toBeNull();
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
