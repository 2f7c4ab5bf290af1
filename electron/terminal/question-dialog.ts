import {
  type Answer,
  keyTypeLabel,
  type Question,
  type QuestionOf,
  questionSourceName,
} from '../../shared/question.ts';
import { escapeHiddenCharacters, removeHidden, sanitizeLine } from '../../shared/untrusted-text.ts';
import { askLine, askPassword, type Pausable, type PromptStreams, typedLines } from './prompt.ts';

/** Asks a person the questions of the app, in the words of ssh. Questions that arrive at the same time are asked in turn. */
export class QuestionDialog {
  readonly #streams: PromptStreams;
  #lastAnswer: Promise<unknown> = Promise.resolve();

  constructor(streams: PromptStreams) {
    this.#streams = streams;
  }

  /**
   * Resolves with `refuse` if the input ends, and if the person presses Ctrl+C while typing a secret.
   * @param screen paused while the question is shown
   * @param signal aborts when the question is resolved elsewhere; the answer is then `refuse`
   */
  ask(question: Question, screen?: Pausable, signal?: AbortSignal): Promise<Answer> {
    const answer = this.#lastAnswer.then(async () => {
      if (signal?.aborted) {
        return 'refuse' as const;
      }
      screen?.pause();
      try {
        return await this.#show(question, signal);
      } finally {
        screen?.resume();
      }
    });
    this.#lastAnswer = answer.catch(() => undefined);
    return answer;
  }

  #show(question: Question, signal: AbortSignal | undefined): Promise<Answer> {
    switch (question.kind) {
      case 'host-key':
        return askHostKey(question, this.#streams, signal);
      case 'proxy-command':
        return askProxyCommand(question, this.#streams, signal);
      case 'passphrase': {
        const intro = question.wasWrong ? ['Bad passphrase, try again.'] : [];
        return this.#askSecrets(
          intro,
          [{ text: `Enter passphrase for key '${question.path}': `, echo: false }],
          signal,
        );
      }
      case 'secret':
        return this.#askSecrets([], [{ text: `Secret ${question.secret}: `, echo: false }], signal);
      case 'password': {
        const intro = question.wasWrong ? ['Permission denied, please try again.'] : [];
        const { user, host } = question;
        return this.#askSecrets(intro, [{ text: `${user}@${host}'s password: `, echo: false }], signal);
      }
      case 'prompts': {
        const { user, host, title, instructions, prompts, wasWrong } = question;
        const intro = [wasWrong ? 'Permission denied, please try again.' : '', title, instructions];
        return this.#askSecrets(
          intro.filter((line) => line !== ''),
          prompts.map(({ text, echo }) => ({ text: `(${user}@${host}) ${text.trimEnd()} `, echo })),
          signal,
        );
      }
    }
  }

  async #askSecrets(
    intro: readonly string[],
    prompts: readonly { readonly text: string; readonly echo: boolean }[],
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    for (const line of intro) {
      this.#streams.output.write(`${removeHidden(line)}\n`);
    }
    const secrets: string[] = [];
    for (const { text: prompt, echo } of prompts) {
      const text = removeHidden(prompt);
      const secret = await (echo ? askLine(text, this.#streams, signal) : askPassword(text, this.#streams, signal));
      if (secret === undefined) {
        return 'refuse';
      }
      secrets.push(secret);
    }
    return { secrets, remember: false };
  }
}

const answers: Readonly<Record<string, Answer>> = { yes: 'trust', once: 'once', no: 'refuse' };

/** Asks whether to trust a host key. As with ssh, typing the fingerprint means yes. */
async function askHostKey(
  question: QuestionOf<'host-key'>,
  { input, output }: PromptStreams,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { host, port, keyType, fingerprint, notes } = question;
  const address = port === 22 ? host : `[${host}]:${port}`;
  output.write(`The authenticity of host '${address}' (${questionSourceName(question)}) can't be established.\n`);
  output.write(`${keyTypeLabel(keyType)} key fingerprint is ${fingerprint}.\n`);
  output.write(notes.map((note) => `${removeHidden(note)}\n`).join(''));
  output.write('Are you sure you want to continue connecting (yes/no/once)? ');
  for await (const line of typedLines(input, signal)) {
    const answer = line.trim() === fingerprint ? 'trust' : answers[line.trim().toLowerCase()];
    if (answer) {
      return answer;
    }
    output.write("Please type 'yes' (and save the key), 'no' or 'once' (without saving it): ");
  }
  output.write('\n');
  return 'refuse';
}

/** Asks whether to run a ProxyCommand. Shows the whole command, with hidden characters escaped. */
async function askProxyCommand(
  question: QuestionOf<'proxy-command'>,
  { input, output }: PromptStreams,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { host, command, file, line: lineNumber } = question;
  const [shownHost, shownSource, shownFile] = [host, questionSourceName(question), file].map((text) =>
    sanitizeLine(text),
  );
  output.write(
    `The SSH configuration connects to ${shownHost} (${shownSource}) through a command from ${shownFile}:${lineNumber}:\n`,
  );
  output.write(`  ${escapeHiddenCharacters(command)}\n`);
  output.write('The command runs on this computer with your permissions. Run it (yes/no/once)? ');
  for await (const line of typedLines(input, signal)) {
    const answer = answers[line.trim().toLowerCase()];
    if (answer) {
      return answer;
    }
    output.write("Please type 'yes' (and always allow it), 'no' or 'once' (and be asked again next time): ");
  }
  output.write('\n');
  return 'refuse';
}
