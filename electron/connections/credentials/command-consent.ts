import type { AllowedCommand, Answer } from '../../../shared/question.ts';
import { KeyedMutex } from '../../system/keyed-mutex.ts';
import type { AllowCommand, WantedCommand } from '../proxy-command.ts';
import type { AllowedCommands } from './allowed-commands.ts';
import type { Ask } from './credentials.ts';

/**
 * Says which commands of the SSH configuration may be run: those that a person has allowed for good or for this run of the app, else
 * a person is asked. What is allowed is the command as it is written, for the host as it is called there: any other asks again.
 */
export class CommandConsent {
  readonly #allowed: AllowedCommands;
  /** Those that may be run until the app is closed. */
  readonly #passing = new Set<string>();
  readonly #turns = new KeyedMutex<Answer>();

  constructor(allowed: AllowedCommands) {
    this.#allowed = allowed;
  }

  asking(ask: Ask): AllowCommand {
    return async (wanted, signal) => {
      const turn = await this.#turns.take(idOf(wanted.allowed));
      let answer: Answer | undefined;
      try {
        answer = await this.#decide(turn.before, wanted, ask, signal);
      } finally {
        // one who has left has not answered for the others
        turn.end(signal.aborted && answer === 'refuse' ? undefined : answer);
      }
      return answer === 'trust' || answer === 'once';
    };
  }

  /** @throws Failure `settings.*` */
  list(): Promise<AllowedCommand[]> {
    return this.#allowed.list();
  }

  /** @throws Failure `input.invalid` where it is not allowed, `settings.*` */
  async forget(command: AllowedCommand): Promise<void> {
    await this.#allowed.remove(command);
    this.#passing.delete(idOf(command));
  }

  /** @param before what was answered to those who have waited for the same. */
  async #decide(
    before: Answer | undefined,
    { allowed, ...question }: WantedCommand,
    ask: Ask,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    if (this.#passing.has(idOf(allowed)) || (await this.#isAllowed(allowed))) {
      return 'once';
    }
    if (before !== undefined || signal.aborted) {
      return before;
    }
    const answer = await ask({ kind: 'proxy-command', ...question }, signal);
    if (answer === 'once') {
      this.#passing.add(idOf(allowed));
    }
    if (answer === 'trust') {
      await this.#allowed.add(allowed);
    }
    return answer;
  }

  async #isAllowed({ host, command }: AllowedCommand): Promise<boolean> {
    // where the file cannot be read a person decides
    const allowed = await this.#allowed.list().catch(() => []);
    return allowed.some((each) => each.host === host && each.command === command);
  }
}

function idOf({ host, command }: AllowedCommand): string {
  return `${host}\n${command}`;
}
