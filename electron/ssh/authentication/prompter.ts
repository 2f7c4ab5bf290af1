import { type Failure, fail } from '../../../shared/problem.ts';
import type { AskSecret, Given, Wanted } from './credential.ts';

/** OpenSSH's NumberOfPasswordPrompts. */
const defaultTries = 3;

/** The secrets that one sign-in has asked for. */
export class Asking {
  /** How often a person may give the same secret wrong. */
  readonly tries: number;
  /** What went wrong with them, as sentences. */
  readonly complaints: string[] = [];
  readonly #ask: AskSecret;
  readonly #refused = new AbortController();
  readonly #over = new AbortController();
  #open: { readonly given: Given; isProved: boolean }[] = [];

  constructor(ask: AskSecret, tries = defaultTries) {
    this.#ask = ask;
    this.tries = tries;
  }

  /** Aborts, with the Failure, when a person refuses. */
  get refused(): AbortSignal {
    return this.#refused.signal;
  }

  /** @throws Failure `ssh.cancelled` where a person refuses. */
  async ask(wanted: Wanted): Promise<Given> {
    const given = await this.#ask(wanted, this.#over.signal);
    if (!given) {
      const failure = notGiven(wanted);
      this.#refused.abort(failure);
      throw failure;
    }
    if (this.#over.signal.aborted) {
      // nobody waits for it any more
      await given.over(false);
      throw notGiven(wanted);
    }
    this.#open.push({ given, isProved: false });
    return given;
  }

  /** Says of a secret whether it was right. A wrong one is done with. */
  async prove(given: Given, right: boolean): Promise<void> {
    const entry = this.#open.find((each) => each.given === given);
    if (entry) {
      entry.isProved = true;
    }
    await given.proved(right);
    if (!right) {
      this.#open = this.#open.filter((each) => each !== entry);
      await given.over(false);
    }
  }

  /** The sign-in is over. What nothing was said about was right, where the server let us in. */
  async end(signedIn: boolean): Promise<void> {
    this.#over.abort();
    const open = this.#open;
    this.#open = [];
    for (const { given, isProved } of open) {
      if (signedIn && !isProved) {
        await given.proved(true);
      }
      await given.over(signedIn);
    }
  }
}

function notGiven(wanted: Wanted): Failure {
  const { connection } = wanted;
  switch (wanted.kind) {
    case 'passphrase':
      return fail(
        'ssh.cancelled',
        `Node ${connection}: the passphrase of the key file ${wanted.path} was not given.`,
        `Connect again and give it, or add the key to your agent with \`ssh-add ${wanted.path}\`: then nobody is asked.`,
      );
    case 'password':
    case 'prompts': {
      const { user, host, port } = wanted;
      const what = wanted.kind === 'password' ? 'the password' : 'what the server asked';
      return fail(
        'ssh.cancelled',
        `Node ${connection}: ${what} of ${user} on ${host} was not given.`,
        `Connect again and give it, or copy a key there with \`ssh-copy-id${port === 22 ? '' : ` -p ${port}`} ${user}@${host}\`: then nobody is asked.`,
      );
    }
  }
}
