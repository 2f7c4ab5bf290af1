import type { AllowedCommand, Answer } from '../../../shared/question.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import type { AllowCommand, ProxyCommandRequest } from '../proxy-command.ts';
import type { AllowedCommands } from './allowed-commands.ts';
import type { AskPerson } from './credential-cache.ts';

/**
 * Decides which ProxyCommands of the SSH configuration may be run: those that a person has allowed permanently or until
 * the app is closed. For others a person is asked. Consent is for one host and the exact text in the configuration.
 */
export class CommandConsent {
  readonly #allowed: AllowedCommands;
  /** The commands that are allowed until the app is closed. */
  readonly #allowedOnce = new Set<string>();
  readonly #mutex = new KeyedMutex<Answer>();

  constructor(allowed: AllowedCommands) {
    this.#allowed = allowed;
  }

  allowCommandCallback(ask: AskPerson): AllowCommand {
    return async (request, signal) => {
      const lock = await this.#mutex.acquire(idOf(request.allowedCommand), signal);
      if (!lock) {
        return false;
      }
      let answer: Answer | undefined;
      try {
        answer = await this.#decide(lock.previous, request, ask, signal);
      } finally {
        // a cancelled connection refuses only for itself
        lock.release(signal.aborted && answer === 'refuse' ? undefined : answer);
      }
      return answer === 'trust' || answer === 'once';
    };
  }

  /** @throws Failure `settings.*` */
  list(): Promise<AllowedCommand[]> {
    return this.#allowed.list();
  }

  /** @throws Failure `input.invalid` if the command is not allowed, `settings.*` */
  async forget(command: AllowedCommand): Promise<void> {
    await this.#allowed.remove(command);
    this.#allowedOnce.delete(idOf(command));
  }

  /** @param previous the answer that another connection got for the same command while this one waited. */
  async #decide(
    previous: Answer | undefined,
    { allowedCommand, ...question }: ProxyCommandRequest,
    ask: AskPerson,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    if (this.#allowedOnce.has(idOf(allowedCommand)) || (await this.#isAllowed(allowedCommand))) {
      return 'once';
    }
    if (previous !== undefined || signal.aborted) {
      return previous;
    }
    const answer = await ask({ kind: 'proxy-command', ...question }, signal);
    if (answer === 'once') {
      this.#allowedOnce.add(idOf(allowedCommand));
    }
    if (answer === 'trust') {
      await this.#allowed.add(allowedCommand);
    }
    return answer;
  }

  async #isAllowed({ host, command }: AllowedCommand): Promise<boolean> {
    // if the file cannot be read, a person decides
    const allowed = await this.#allowed.list().catch(() => []);
    return allowed.some((other) => other.host === host && other.command === command);
  }
}

function idOf({ host, command }: AllowedCommand): string {
  return `${host}\n${command}`;
}
