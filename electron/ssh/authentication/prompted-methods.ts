import type { AnyAuthMethod, Prompt } from 'ssh2';
import { foreignLine, foreignLines } from '../../../shared/foreign-text.ts';
import type { Given } from './credential.ts';
import type { AuthMethod } from './method.ts';
import type { Asking } from './prompter.ts';

/** Whose password it is, and where. `name` is who is signed in to, for questions. */
export interface Account {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export const promptsSays = 'answers to what it asked';
export const passwordSays = 'a password';

/** The server asks what it likes (RFC 4256), in one round or several: for a password, mostly. */
export class PromptsWay implements AuthMethod {
  readonly says = promptsSays;
  readonly method = 'keyboard-interactive';
  readonly #account: Account;
  readonly #asking: Asking;
  /** What was given in the attempt under way. */
  #given: Given[] = [];
  #hasAsked = false;
  #wrong = 0;
  #wasWrong = false;
  #isOver = false;

  constructor(account: Account, asking: Asking) {
    this.#account = account;
    this.#asking = asking;
  }

  /** A person has given wrong answers as often as they may. */
  get isUsedUp(): boolean {
    return this.#wrong >= this.#asking.tries;
  }

  async attempt(): Promise<AnyAuthMethod | undefined> {
    if (this.#isOver || this.isUsedUp) {
      return undefined;
    }
    this.#hasAsked = false;
    return {
      type: this.method,
      username: this.#account.user,
      prompt: (title, instructions, _language, prompts, give) => {
        this.#answer(title, instructions, prompts).then(give, () => {
          // refused: the sign-in is given up, and the server needs no answer
        });
      },
    };
  }

  async answered(right: boolean): Promise<void> {
    const given = this.#given;
    this.#given = [];
    for (const each of given) {
      await this.#asking.prove(each, right);
    }
    if (!this.#hasAsked) {
      // it refuses without asking, and would again
      this.#isOver = true;
    } else if (!right && given.some(({ fromPerson }) => fromPerson)) {
      this.#wrong++;
    }
    this.#wasWrong = !right && given.length > 0;
  }

  letGo(): void {
    this.#given = [];
    this.#isOver = true;
  }

  async #answer(title: string, instructions: string, prompts: readonly Prompt[]): Promise<string[]> {
    this.#hasAsked = true;
    const { name, user, host, port } = this.#account;
    const given = await this.#asking.ask({
      kind: 'prompts',
      connection: name,
      user,
      host,
      port,
      title: foreignLine(title),
      instructions: foreignLines(instructions),
      prompts: prompts.map(({ prompt, echo = false }) => ({ text: foreignLine(prompt), echo })),
      // only the first round of an attempt is about the one before it
      wasWrong: this.#wasWrong && this.#given.length === 0,
    });
    this.#given.push(given);
    return [...given.secrets];
  }
}

export class PasswordWay implements AuthMethod {
  readonly says = passwordSays;
  readonly method = 'password';
  readonly #account: Account;
  readonly #asking: Asking;
  readonly #prompts: PromptsWay | undefined;
  #given: Given | undefined;
  #wrong = 0;
  #wasWrong = false;
  #isOver = false;

  /** @param prompts where the server has asked there already and got wrong answers, nobody is asked for the same again. */
  constructor(account: Account, asking: Asking, prompts: PromptsWay | undefined) {
    this.#account = account;
    this.#asking = asking;
    this.#prompts = prompts;
  }

  async attempt(): Promise<AnyAuthMethod | undefined> {
    if (this.#isOver || this.#wrong >= this.#asking.tries || this.#prompts?.isUsedUp) {
      return undefined;
    }
    const { name, user, host, port } = this.#account;
    const given = await this.#asking.ask({
      kind: 'password',
      connection: name,
      user,
      host,
      port,
      wasWrong: this.#wasWrong,
    });
    this.#given = given;
    return { type: this.method, username: user, password: given.secrets[0] ?? '' };
  }

  async answered(right: boolean): Promise<void> {
    const given = this.#given;
    this.#given = undefined;
    if (given) {
      await this.#asking.prove(given, right);
      this.#isOver = right;
      this.#wasWrong = true;
      this.#wrong += given.fromPerson ? 1 : 0;
    }
  }

  letGo(): void {
    this.#given = undefined;
    this.#isOver = true;
  }
}
