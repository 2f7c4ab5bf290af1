import type { AnyAuthMethod } from 'ssh2';
import { formatCount } from '../../../shared/format.ts';
import type { AuthMethod } from './auth-method.ts';
import type { SecretPrompter } from './secret-prompter.ts';

/** Tries authentication methods in their order, as far as the server accepts them. For one sign-in only. */
export class MethodSequence {
  /** Aborts, with a Failure `ssh.cancelled`, when a person cancels a prompt. */
  readonly cancelled: AbortSignal;
  readonly #user: string;
  readonly #methods: AuthMethod[];
  readonly #prompter: SecretPrompter | undefined;
  readonly #unusable: readonly string[];
  readonly #uselessCertificates: readonly string[];
  readonly #tried: AuthMethod[] = [];
  #accepted: readonly string[] = [];
  #current: AuthMethod | undefined;
  #hasBegun = false;
  #hasAsked = false;

  /**
   * @param unusable what could not be used as a method, as sentences.
   * @param uselessCertificates which certificates are not tried and why, as sentences.
   */
  constructor(
    user: string,
    methods: AuthMethod[],
    prompter: SecretPrompter | undefined,
    unusable: readonly string[],
    uselessCertificates: readonly string[],
  ) {
    this.#user = user;
    this.#methods = methods;
    this.#prompter = prompter;
    this.cancelled = prompter?.cancelled ?? new AbortController().signal;
    this.#unusable = unusable;
    this.#uselessCertificates = uselessCertificates;
  }

  /**
   * The next method for ssh2; false when there is none left. The first one is "none", to learn what the server accepts, unless a
   * key is ready: that saves a round trip, and the server says the same when it refuses it. Later, only accepted methods are
   * tried, and "none" if the server does not accept keys, or nothing else is left: it may need no authentication.
   * @param partial whether the last method was correct but the server requires a further one.
   */
  async next(methodsLeft: readonly string[] | null, partial: boolean | null): Promise<AnyAuthMethod | false> {
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    if (isFirst && !this.#methods[0]?.isReady) {
      return this.#ask();
    }
    this.#accepted = methodsLeft ?? this.#accepted;
    const last = this.#current;
    this.#current = undefined;
    if (!this.#hasAsked && !partial && !this.#accepts('publickey')) {
      // it was no answer to the key, which the server may accept after another method
      last?.takeBack?.();
      this.#tried.length = 0;
      return this.#ask();
    }
    await last?.onRefused(partial === true);
    for (const method of this.#methods.filter(({ name }) => this.#accepts(name))) {
      const attempt = await method.nextAttempt();
      this.cancelled.throwIfAborted();
      if (attempt) {
        this.#current = method;
        if (!this.#tried.includes(method)) {
          this.#tried.push(method);
        }
        return attempt;
      }
      this.#methods.splice(this.#methods.indexOf(method), 1);
    }
    return this.#hasAsked ? false : this.#ask();
  }

  #ask(): AnyAuthMethod {
    this.#hasAsked = true;
    return { type: 'none', username: this.#user };
  }

  /** The methods tried so far, for messages: "the key file ~/.ssh/id_rsa", "3 keys from the agent", "a password". */
  tried(): readonly string[] {
    const agentKeys = this.#tried.filter(({ isUnnamedAgentKey }) => isUnnamedAgentKey);
    return this.#tried.flatMap((method) => {
      if (!method.isUnnamedAgentKey) {
        return [method.label];
      }
      return method === agentKeys[0] ? [`${formatCount(agentKeys.length, 'key')} from the agent`] : [];
    });
  }

  /** The methods that the server accepts, as it last stated. */
  accepted(): readonly string[] {
    return this.#accepted;
  }

  /** What could not be used as a method, as sentences. */
  skipped(): readonly string[] {
    return [...this.#unusable, ...(this.#prompter?.problems ?? [])];
  }

  /** Why certificates were not tried or may have been refused, as sentences. */
  certificateNotes(): readonly string[] {
    const notes = this.#tried.flatMap(({ refusalNote }) => (refusalNote === undefined ? [] : [refusalNote]));
    return [...new Set([...this.#uselessCertificates, ...notes])];
  }

  /** Ends the sign-in: reports the results to the answers, and drops all keys and secrets. */
  async finish(isSignedIn: boolean): Promise<void> {
    for (const method of [...this.#methods, ...this.#tried]) {
      method.release();
    }
    this.#methods.length = 0;
    await this.#prompter?.finish(isSignedIn);
  }

  /** Until the server has stated what it accepts, everything is tried. */
  #accepts(name: string): boolean {
    return this.#accepted.length === 0 || this.#accepted.includes(name);
  }
}
