import { type Failure, fail } from '../../../shared/problem.ts';
import type { AskSecret, SecretAnswer, SecretRequest } from './secret-request.ts';

/** The default of OpenSSH's NumberOfPasswordPrompts. */
const defaultMaxTries = 3;

/** Asks for the secrets of one sign-in, and reports to each answer whether it was correct. */
export class SecretPrompter {
  /** How often a person may enter the same secret incorrectly. */
  readonly maxTries: number;
  /** What went wrong with the secrets, as sentences. */
  readonly problems: string[] = [];
  readonly #ask: AskSecret;
  readonly #cancelled = new AbortController();
  readonly #finished = new AbortController();
  #pending: { readonly answer: SecretAnswer; hasResult: boolean }[] = [];

  constructor(ask: AskSecret, maxTries = defaultMaxTries) {
    this.#ask = ask;
    this.maxTries = maxTries;
  }

  /** Aborts, with the Failure, when a person cancels a prompt. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** @throws Failure `ssh.cancelled` where a person cancels the prompt. */
  async ask(request: SecretRequest): Promise<SecretAnswer> {
    const answer = await this.#ask(request, this.#finished.signal);
    if (!answer) {
      const failure = promptCancelled(request);
      this.#cancelled.abort(failure);
      throw failure;
    }
    if (this.#finished.signal.aborted) {
      // the sign-in ended during the prompt
      await answer.finish(false);
      throw promptCancelled(request);
    }
    this.#pending.push({ answer, hasResult: false });
    return answer;
  }

  /** Reports whether an answer was correct. An incorrect one is finished at once. */
  async reportResult(answer: SecretAnswer, isCorrect: boolean): Promise<void> {
    const entry = this.#pending.find((each) => each.answer === answer);
    if (entry) {
      entry.hasResult = true;
    }
    await answer.reportResult(isCorrect);
    if (!isCorrect) {
      this.#pending = this.#pending.filter((each) => each !== entry);
      await answer.finish(false);
    }
  }

  /** Ends the sign-in. Where it has succeeded, answers without a result were correct. */
  async finish(isSignedIn: boolean): Promise<void> {
    this.#finished.abort();
    const pending = this.#pending;
    this.#pending = [];
    for (const { answer, hasResult } of pending) {
      if (isSignedIn && !hasResult) {
        await answer.reportResult(true);
      }
      await answer.finish(isSignedIn);
    }
  }
}

function promptCancelled(request: SecretRequest): Failure {
  const { connection } = request;
  switch (request.kind) {
    case 'passphrase':
      return fail(
        'ssh.cancelled',
        `Node ${connection}: the passphrase of the key file ${request.path} was not entered.`,
        `Connect again and enter it, or add the key to your agent with \`ssh-add ${request.path}\` so that Barnraiser need not ask.`,
      );
    case 'password':
    case 'prompts': {
      const { user, host, port } = request;
      const what = request.kind === 'password' ? 'the password of' : 'the answer to the prompt for';
      return fail(
        'ssh.cancelled',
        `Node ${connection}: ${what} ${user} on ${host} was not entered.`,
        `Connect again and enter it, or copy a key there with \`ssh-copy-id${port === 22 ? '' : ` -p ${port}`} ${user}@${host}\` so that Barnraiser need not ask.`,
      );
    }
  }
}
