import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { Copy } from '../../../shared/copy.ts';
import { setTransport } from '../../api.ts';
import { useCopies } from '../../stores/copies.ts';
import { pushProblem } from '../../testing/fixture-data.ts';
import { isDisabled, startTestApp, type TestApp } from '../../testing/render-app.tsx';
import { CopySheet } from './CopySheet.tsx';
import { emptyDraft, requestOf } from './copy-draft.ts';

let app: TestApp;
afterEach(() => app.stop());

async function open(props: { source?: string; to?: 'here' | 'registry' } = {}, state: 'done' | 'busy' = 'done') {
  app = await startTestApp(state);
  const calls: unknown[] = [];
  setTransport({
    call: (name, input) => {
      if (name.startsWith('copies.')) {
        calls.push([name, input]);
      }
      return app.call(name, input);
    },
    onEvent: (listener) => app.subscribe(listener),
    onLink: () => () => undefined,
  });
  render(<CopySheet {...props} onClose={() => undefined} />);
  return calls;
}

const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByRole('textbox', { name: label }), { target: { value } });
const submit = () => fireEvent.submit(screen.getByRole('textbox', { name: 'Image' }).closest('form') ?? document.body);

function emit(change: Partial<Copy>): void {
  const [id = ''] = useCopies.getState().order;
  const copy = useCopies.getState().byId[id];
  act(() => {
    app.emit({ event: 'copy.finished', copy: { ...copy, ...change } as Copy });
  });
}

describe('a pull', () => {
  it('proposes the name of the image, and says what is wrong with one', async () => {
    const calls = await open();
    type('Image', 'docker://reg.example.com/api:1.4');
    expect(screen.getByRole('textbox', { name: /^Name here/ }).getAttribute('placeholder')).toBe(
      'reg.example.com/api:1.4',
    );
    type(/^Name here/, 'Not A Name');
    expect(isDisabled(screen.getByRole('button', { name: /^Pull image/ }))).toBe(true);
    type(/^Name here/, '');
    submit();
    await screen.findByRole('progressbar', { name: 'Total progress' });
    expect(calls.at(-1)).toEqual([
      'copies.start',
      {
        sources: ['docker://reg.example.com/api:1.4'],
        destinations: ['reg.example.com/api:1.4'],
        ...{ ifExists: 'replace', tlsVerify: true },
      },
    ]);
    emit({ status: 'done', digest: `sha256:${'1'.repeat(64)}`, attachments: 2, leftOut: 1 });
    await screen.findByText('Copy complete');
    screen.getByText(/2 attachments of the registry/);
    screen.getByText(/1 entry of the list/);
    screen.getByRole('button', { name: 'Show image' });
  });

  it('of some platforms offers those of the list', async () => {
    const calls = await open({ source: 'registry.example.com/team/api:1.4' });
    await userEvent.click(screen.getByRole('button', { name: 'Some' }));
    expect(isDisabled(screen.getByRole('button', { name: /^Pull image/ }))).toBe(true);
    await userEvent.click(await screen.findByRole('checkbox', { name: 'linux/arm64' }));
    submit();
    await waitFor(() =>
      expect(calls.at(-1)).toMatchObject(['copies.start', { platforms: ['linux/arm64'], ifExists: 'replace' }]),
    );
  });

  it('that runs is shown again, is cancelled, and one that failed says why', async () => {
    const calls = await open({}, 'busy');
    await screen.findByText('You can close this sheet. The copy continues.');
    await userEvent.click(screen.getByRole('button', { name: 'Cancel copy' }));
    await screen.findByText('Nothing was changed at the destination.');
    expect(calls.at(-1)).toEqual(['copies.cancel', { id: expect.any(String) }]);
    emit({ status: 'failed', problem: pushProblem });
    await screen.findByText(pushProblem.message);
    await userEvent.click(screen.getByRole('button', { name: 'Change settings…' }));
    expect(screen.getByRole('textbox', { name: 'Image' })).toHaveProperty('value', 'registry.example.com/team/base:12');
  });
});

describe('a copy to another registry', () => {
  it('needs a destination with a tag, merges where asked, and keeps a typed password out of everything else', async () => {
    const calls = await open({ source: 'docker.io/library/debian:12', to: 'registry' });
    expect(isDisabled(screen.getByRole('button', { name: /^Copy image/ }))).toBe(true);
    type('Destination', `eu.example.com/debian@sha256:${'1'.repeat(64)}`);
    screen.getByText('Name it with a tag, not with a digest.');
    type('Destination', 'eu.example.com/debian:12');
    await userEvent.click(screen.getByRole('switch', { name: /^Add to the list/ }));
    await userEvent.click(screen.getByRole('button', { name: 'Username and password' }));
    type('Username', 'anna');
    fireEvent.change(screen.getByLabelText('Password or token'), { target: { value: 'secret' } });
    submit();
    await waitFor(() =>
      expect(calls.at(-1)).toMatchObject([
        'copies.start',
        {
          destinations: ['docker://eu.example.com/debian:12'],
          ifExists: 'merge',
          sourceCredentials: { username: 'anna', password: 'secret' },
        },
      ]),
    );
    emit({ status: 'done', kept: ['linux/s390x' as never], hasRaced: true });
    await screen.findByText(/Kept from the list that was there: linux\/s390x/);
    screen.getByText(/Somebody else changed the list meanwhile/);
    expect(within(document.body).queryByDisplayValue('secret')).toBeNull();
    expect(JSON.stringify(Object.entries(localStorage))).not.toContain('secret');
  });

  it('is not complete without a source, a destination or a platform', () => {
    const draft = { ...emptyDraft, source: 'a.test/b:1', to: 'registry' as const, destination: 'c.test/d:1' };
    expect(requestOf(draft)).toBeDefined();
    expect(requestOf({ ...draft, source: '' })).toBeUndefined();
    expect(requestOf({ ...draft, destination: '' })).toBeUndefined();
    expect(requestOf({ ...draft, platforms: [] })).toBeUndefined();
    expect(requestOf({ ...draft, login: 'entered', username: 'anna' })).toBeUndefined();
  });
});
