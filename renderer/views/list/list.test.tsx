import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { setTransport } from '../../api.ts';
import { useCopies } from '../../stores/copies.ts';
import { useNavigation } from '../../stores/navigation.ts';
import { isDisabled, startTestApp, type TestApp } from '../../testing/render-app.tsx';
import { ListSheet } from './ListSheet.tsx';
import { locationOf, mergeOf, parseAnnotations } from './list-changes.ts';

const image = 'docker://registry.example.com/team/api:1.4';

let app: TestApp;
afterEach(() => app.stop());

async function open(state: 'done' | 'failed' | 'huge' = 'done', shown: string | null = image) {
  app = await startTestApp(state);
  const calls: { name: string; input: unknown }[] = [];
  setTransport({
    call: (name, input) => {
      calls.push({ name, input });
      return app.call(name, input);
    },
    onEvent: (listener) => app.subscribe(listener),
    onLink: () => () => undefined,
  });
  render(<ListSheet image={shown ?? undefined} onClose={() => undefined} />);
  return { edits: () => calls.filter(({ name }) => name !== 'lists.inspect') };
}

const entries = async () => within(await screen.findByRole('list', { name: 'Entries' }));
async function menu(name: string, item: string): Promise<void> {
  await userEvent.click(await screen.findByRole('button', { name: `More about ${name}` }));
  await userEvent.click(await screen.findByRole('menuitem', { name: item }));
}

describe('a list', () => {
  it('shows its images, Windows ones with the version of the system, and what describes them', async () => {
    await open();
    const list = await entries();
    expect(list.getAllByRole('listitem')).toHaveLength(5);
    list.getByText('windows/amd64 10.0.17763.6189');
    list.getByText('windows/amd64 10.0.20348.2655 win32k');
    list.getByText('Attachment');
    screen.getByText('org.opencontainers.image.version');
    expect(screen.queryByRole('button', { name: 'More about unknown/unknown' })).toBeNull();
  });

  it('loses an image after a question that says what goes and what stays, and names it by its digest', async () => {
    const { edits } = await open();
    await menu('linux/amd64', 'Remove from the list…');
    const dialog = within(await screen.findByRole('dialog', { name: 'Remove linux/amd64 from the list?' }));
    dialog.getByText('1 attachment that describes it');
    dialog.getByText(/The list then has linux\/arm64, windows\/amd64 10\.0\.17763\.6189 and /);
    await userEvent.click(dialog.getByRole('button', { name: 'Remove image' }));
    await waitFor(async () => expect((await entries()).getAllByRole('listitem')).toHaveLength(3));
    expect(edits()).toMatchObject([
      { name: 'lists.edit', input: { image, edit: { kind: 'remove', target: expect.stringMatching(/^sha256:/) } } },
    ]);
  });

  it('is annotated when something is changed, which is said before', async () => {
    const { edits } = await open();
    await userEvent.click(await screen.findByRole('button', { name: 'Annotate list…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Annotate the list' }));
    const submit = dialog.getByRole('button', { name: 'Change list' });
    dialog.getByText('Nothing is changed yet.');
    expect(isDisabled(submit)).toBe(true);
    const field = dialog.getByRole('textbox', { name: 'Annotations' });
    fireEvent.change(field, { target: { value: 'team' } });
    dialog.getByText('"team" is not KEY=VALUE.');
    fireEvent.change(field, { target: { value: 'team=a=b' } });
    dialog.getByText('team: a=b (new)');
    dialog.getByText('org.opencontainers.image.version: 1.4 (removed)');
    await userEvent.click(submit);
    await screen.findByText('team');
    expect(edits()).toMatchObject([
      {
        input: {
          edit: { kind: 'annotate', annotations: { team: 'a=b', 'org.opencontainers.image.version': '' } },
        },
      },
    ]);
    expect(edits()[0]?.input).not.toHaveProperty('edit.target');
  });

  it('has entries whose platform is corrected, and sends only what was changed', async () => {
    const { edits } = await open();
    await menu('windows/amd64 10.0.20348.2655 win32k', 'Annotate…');
    const dialog = within(await screen.findByRole('dialog', { name: /^Annotate windows\/amd64 10\.0\.20348/ }));
    fireEvent.change(dialog.getByRole('textbox', { name: 'Version of the system' }), { target: { value: '10.0.9' } });
    dialog.getByText('Version of the system: 10.0.20348.2655 → 10.0.9');
    await userEvent.click(dialog.getByRole('button', { name: 'Change list' }));
    await waitFor(() => expect(edits()).toHaveLength(1));
    expect(edits()[0]?.input).toMatchObject({
      edit: { kind: 'annotate', annotations: {}, osVersion: '10.0.9', target: expect.stringMatching(/^sha256:/) },
    });
    expect(edits()[0]?.input).not.toHaveProperty('edit.osFeatures');
  });

  it('gets images, and says before which ones they replace', async () => {
    const { edits } = await open();
    await userEvent.click(await screen.findByRole('button', { name: 'Add images…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Add images to the list' }));
    const field = dialog.getByRole('textbox', { name: 'Images' });
    fireEvent.change(field, { target: { value: 'registry.example.com/team/api:1.4-riscv64\napi:1.3' } });
    await dialog.findByText('Added: linux/riscv64');
    dialog.getByText(/^Replaced: linux\/amd64, linux\/arm64/);
    await userEvent.click(dialog.getByRole('button', { name: 'Add images' }));
    await waitFor(() => expect(edits()).toHaveLength(1));
    expect(edits()).toMatchObject([
      {
        name: 'copies.start',
        input: {
          sources: ['docker://registry.example.com/team/api:1.4-riscv64', 'api:1.3'],
          destinations: [image],
          ifExists: 'merge',
        },
      },
    ]);
    await screen.findByRole('progressbar', { name: 'Total progress' });
    const [id = ''] = useCopies.getState().order;
    const copy = useCopies.getState().byId[id];
    act(() => {
      app.emit({ event: 'copy.finished', copy: { ...copy, status: 'done', hasRaced: true } as never });
    });
    await screen.findByText(/Somebody else changed the list meanwhile/);
  });

  it('that is not there says so, and is read again', async () => {
    await open('failed');
    await screen.findByText(/There is no image/);
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await screen.findByText(/There is no image/);
  });

  it('is asked for by its name, with or without docker://', async () => {
    await open('done', null);
    screen.getByText('Enter the name of a list');
    fireEvent.change(screen.getByRole('textbox', { name: 'List' }), { target: { value: 'not a name' } });
    expect(isDisabled(screen.getByRole('button', { name: 'Show list' }))).toBe(true);
    fireEvent.change(screen.getByRole('textbox', { name: 'List' }), {
      target: { value: 'registry.example.com/team/api:1.4' },
    });
    await userEvent.click(screen.getByRole('button', { name: 'Show list' }));
    expect(useNavigation.getState().route?.sheet).toEqual({ sheet: 'list', image });
  });

  it('with a digest for a name cannot be changed', async () => {
    await open('done', `docker://registry.example.com/team/api@sha256:${'1'.repeat(64)}`);
    await screen.findByText(/which never changes/);
    expect(screen.queryByRole('button', { name: 'Add images…' })).toBeNull();
  });
});

describe('names and annotations', () => {
  it('are read as people write them', () => {
    expect(locationOf(' localhost:5000/api:1 ')).toBe('docker://localhost:5000/api:1');
    expect(locationOf('api:1')).toBe('api:1');
    expect(locationOf('team/api:1')).toBe('team/api:1');
    expect(parseAnnotations('a = b \n\nc=')).toEqual({ a: 'b', c: '' });
    expect(parseAnnotations('=b')).toContain('not KEY=VALUE');
  });

  it('say nothing is replaced by the same image', () => {
    const list = { image, digest: 'sha256:1', mediaType: '', manifest: {}, entries: [] } as never;
    expect(mergeOf(list, [list])).toEqual({ replaced: [], added: [], kept: [] });
  });
});
