import type { AnyAuthMethod, Prompt } from 'ssh2';
import { sanitizeLine, sanitizeText } from '../../../shared/untrusted-text.ts';
import type { AuthMethod } from './auth-method.ts';
import type { SecretPrompter } from './secret-prompter.ts';
import type { SecretAnswer } from './secret-request.ts';

/** The account to sign in to. `name` is the connection's, for questions. */
export interface Account {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export const keyboardInteractiveLabel = 'answers to its prompts';
export const passwordLabel = 'a password';

/** Answers the prompts that a server chooses (RFC 4256), in one round or several. Most servers ask for a password. */
export class KeyboardInteractiveMethod implements AuthMethod {
  readonly label = keyboardInteractiveLabel;
  readonly name = 'keyboard-interactive';
  readonly #account: Account;
  readonly #prompter: SecretPrompter;
  /** The answers of the current attempt. */
  #answers: SecretAnswer[] = [];
  #hasPrompted = false;
  #wrongAttempts = 0;
  #wasWrong = false;
  #isOver = false;

  constructor(account: Account, prompter: SecretPrompter) {
    this.#account = account;
    this.#prompter = prompter;
  }

  /** Whether a person has used up the attempts. */
  get isUsedUp(): boolean {
    return this.#wrongAttempts >= this.#prompter.maxTries;
  }

  async nextAttempt(): Promise<AnyAuthMethod | undefined> {
    if (this.#isOver || this.isUsedUp) {
      return undefined;
    }
    this.#hasPrompted = false;
    return {
      type: this.name,
      username: this.#account.user,
      prompt: (title, instructions, _language, prompts, respond) => {
        this.#answer(title, instructions, prompts).then(respond, () => {
          // the person has cancelled, which ends the sign-in: the server needs no response
        });
      },
    };
  }

  async onRefused(isPartialSuccess: boolean): Promise<void> {
    const answers = this.#answers;
    this.#answers = [];
    for (const answer of answers) {
      await this.#prompter.reportResult(answer, isPartialSuccess);
    }
    if (!this.#hasPrompted) {
      // a server that refuses without a prompt would refuse again
      this.#isOver = true;
    } else if (!isPartialSuccess && answers.some(({ isFromPerson }) => isFromPerson)) {
      this.#wrongAttempts++;
    }
    this.#wasWrong = !isPartialSuccess && answers.length > 0;
  }

  release(): void {
    this.#answers = [];
    this.#isOver = true;
  }

  async #answer(title: string, instructions: string, prompts: readonly Prompt[]): Promise<string[]> {
    this.#hasPrompted = true;
    const { name, user, host, port } = this.#account;
    const answer = await this.#prompter.ask({
      kind: 'prompts',
      connection: name,
      user,
      host,
      port,
      title: sanitizeLine(title),
      instructions: sanitizeText(instructions),
      prompts: prompts.map(({ prompt, echo = false }) => ({ text: sanitizeLine(prompt), echo })),
      // only the first round of an attempt follows a wrong answer
      wasWrong: this.#wasWrong && this.#answers.length === 0,
    });
    this.#answers.push(answer);
    return [...answer.secrets];
  }
}

export class PasswordMethod implements AuthMethod {
  readonly label = passwordLabel;
  readonly name = 'password';
  readonly #account: Account;
  readonly #prompter: SecretPrompter;
  readonly #keyboardInteractive: KeyboardInteractiveMethod | undefined;
  #answer: SecretAnswer | undefined;
  #wrongAttempts = 0;
  #wasWrong = false;
  #isOver = false;

  /** @param keyboardInteractive where a person has used up its attempts, the password is not asked for again. */
  constructor(account: Account, prompter: SecretPrompter, keyboardInteractive: KeyboardInteractiveMethod | undefined) {
    this.#account = account;
    this.#prompter = prompter;
    this.#keyboardInteractive = keyboardInteractive;
  }

  async nextAttempt(): Promise<AnyAuthMethod | undefined> {
    if (this.#isOver || this.#wrongAttempts >= this.#prompter.maxTries || this.#keyboardInteractive?.isUsedUp) {
      return undefined;
    }
    const { name, user, host, port } = this.#account;
    const answer = await this.#prompter.ask({
      kind: 'password',
      connection: name,
      user,
      host,
      port,
      wasWrong: this.#wasWrong,
    });
    this.#answer = answer;
    return { type: this.name, username: user, password: answer.secrets[0] ?? '' };
  }

  async onRefused(isPartialSuccess: boolean): Promise<void> {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer) {
      await this.#prompter.reportResult(answer, isPartialSuccess);
      this.#isOver = isPartialSuccess;
      this.#wasWrong = true;
      this.#wrongAttempts += answer.isFromPerson ? 1 : 0;
    }
  }

  release(): void {
    this.#answer = undefined;
    this.#isOver = true;
  }
}
