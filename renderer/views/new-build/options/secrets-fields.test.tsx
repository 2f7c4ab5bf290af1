import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeTypedSecrets, typeSecret, useTypedSecrets } from '../../../stores/typed-secrets.ts';
import { isDisabled } from '../../../testing/render-app.tsx';
import {
  enterOption,
  entryOf,
  invalidOptions,
  noOptions,
  type OptionDraft,
  readEntry,
  rowsOf,
  setOption,
} from './option-draft.ts';
import { SecretsFields } from './SecretsFields.tsx';
import { SshFields } from './SshFields.tsx';

let draft: OptionDraft;
/** What the request has now. */
let value: unknown;
/** Why no build can start. */
let error: string | undefined;
let setFromOutside: (value: unknown) => void;

function Form({ name, initial }: { name: 'secrets' | 'ssh'; initial?: unknown }) {
  const [state, setState] = useState(() => setOption(noOptions, name, initial));
  const Fields = name === 'secrets' ? SecretsFields : SshFields;
  draft = state;
  value = state.options[name];
  error = readEntry(name, entryOf(state, name)).error;
  setFromOutside = (next) => setState((before) => setOption(before, name, next));
  return (
    <Fields
      rows={rowsOf(state, name)}
      context="/home/anna"
      onChange={(rows) => setState((before) => enterOption(before, name, rows))}
    />
  );
}
const type = (label: string, text: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

async function choose(label: string, option: string): Promise<void> {
  await userEvent.click(screen.getByRole('combobox', { name: label }));
  await userEvent.click(await screen.findByRole('option', { name: new RegExp(`^${option}`) }));
}

beforeEach(() => useTypedSecrets.setState({ values: {} }));
afterEach(() => {
  cleanup();
  value = undefined;
});

describe('secrets', () => {
  it('that are typed are a part of the request, and their values only of the store, until a build starts', () => {
    render(<Form name="secrets" />);
    press('Add secret');
    expect(isDisabled(screen.getByLabelText('Value of secret 1'))).toBe(true);
    type('Id of secret 1', 'tok');
    type('Value of secret tok', 'hunter2');
    type('Id of secret 1', 'token');
    expect(value).toEqual([{ id: 'token', source: { kind: 'typed' } }]);
    expect(screen.getByLabelText<HTMLInputElement>('Value of secret token').type).toBe('password');
    expect(takeTypedSecrets([{ id: 'token', source: { kind: 'typed' } }])).toEqual({
      secretValues: { token: 'hunter2' },
    });
    expect(useTypedSecrets.getState().values).toEqual({});
    expect(takeTypedSecrets([{ id: 'token', source: { kind: 'typed' } }])).toEqual({});
  });

  it('come from files and variables', async () => {
    render(<Form name="secrets" />);
    press('Add secret');
    type('Id of secret 1', 'npmrc');
    await choose('Source of secret npmrc', 'File');
    expect(error).toBe('Enter an absolute path.');
    type('File of secret npmrc', 'npmrc');
    screen.getByText('Enter an absolute path.');
    expect(value).toBeUndefined();
    type('File of secret npmrc', '/home/anna/.npmrc');
    press('Add secret');
    type('Id of secret 2', 'TOKEN');
    await choose('Source of secret TOKEN', 'Variable');
    expect(value).toEqual([
      { id: 'npmrc', source: { kind: 'file', path: '/home/anna/.npmrc' } },
      { id: 'TOKEN', source: { kind: 'env', name: 'TOKEN' } },
    ]);
    type('Id of secret 2', 'npmrc');
    expect(screen.getAllByText('npmrc is listed twice.')).toHaveLength(2);
  });

  it('with a wrong id make the option invalid, with the reason', () => {
    render(<Form name="secrets" />);
    press('Add secret');
    type('Id of secret 1', '../x');
    screen.getByText(/^The id has a character that it cannot have/);
    expect(invalidOptions(draft)).toEqual(['secrets']);
  });

  it('without an id make the option invalid, unless nothing is entered', async () => {
    render(<Form name="secrets" initial={[{ id: 'a', source: { kind: 'typed' } }]} />);
    press('Add secret');
    expect(error).toBeUndefined();
    await choose('Source of secret 2', 'File');
    screen.getByText('Enter an id.');
    type('File of secret 2', '/a');
    expect(invalidOptions(draft)).toEqual(['secrets']);
    type('Id of secret 2', 'b');
    expect(invalidOptions(draft)).toEqual([]);
    expect(value).toHaveLength(2);
  });

  it('have variables without an equals sign', () => {
    render(<Form name="secrets" initial={[{ id: 'a', source: { kind: 'env', name: 'A' } }]} />);
    type('Variable of secret a', 'A=1');
    screen.getByText('The name of a variable has no equals sign.');
    expect(value).toBeUndefined();
  });

  it('that are removed or replaced from outside lose their typed values and rows', () => {
    render(<Form name="secrets" initial={[{ id: 'a', source: { kind: 'typed' } }]} />);
    type('Value of secret a', 'x');
    press('Remove secret a');
    expect(useTypedSecrets.getState().values).toEqual({});
    expect(value).toBeUndefined();
    typeSecret('b', 'y');
    fireEvent.click(document.body);
    setOutside([{ id: 'b', source: { kind: 'typed' } }]);
    expect(screen.getByLabelText<HTMLInputElement>('Value of secret b').value).toBe('y');
  });
});

describe('SSH agents', () => {
  it('are that of the person or key files', async () => {
    render(<Form name="ssh" />);
    press('Add SSH agent');
    expect(value).toEqual([{ id: 'default', source: { kind: 'agent' } }]);
    type('Socket of SSH agent default', '/run/agent');
    expect(value).toEqual([{ id: 'default', source: { kind: 'agent', socket: '/run/agent' } }]);
    await choose('Source of SSH agent default', 'Keys');
    screen.getByText('Enter absolute paths.');
    expect(invalidOptions(draft)).toEqual(['ssh']);
    type('Keys of SSH agent default', '/k1, k2');
    screen.getByText('Enter absolute paths.');
    type('Keys of SSH agent default', '/k1, /k2');
    expect(value).toEqual([{ id: 'default', source: { kind: 'keys', paths: ['/k1', '/k2'] } }]);
    press('Remove SSH agent default');
    expect(value).toBeUndefined();
  });
});

function setOutside(next: unknown): void {
  act(() => setFromOutside(next));
}
