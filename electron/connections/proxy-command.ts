import { foreignCommand, foreignLines } from '../../shared/foreign-text.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { AllowedCommand, QuestionOf } from '../../shared/question.ts';
import { CommandStream } from '../ssh/command-stream.ts';
import type { Reached } from '../ssh/connect.ts';
import type { Session } from '../ssh/session.ts';
import { expandCommand } from '../ssh/ssh-config/proxy-command.ts';
import type { ResolvedHost } from '../ssh/ssh-config/resolve.ts';

/** A command that is to be run, as a person sees it, and as it is allowed. */
export interface WantedCommand extends Omit<QuestionOf<'proxy-command'>, 'id' | 'kind'> {
  readonly allowed: AllowedCommand;
}

/** May it be run? The signal aborts when nobody waits for the answer any more. */
export type AllowCommand = (wanted: WantedCommand, signal: AbortSignal) => Promise<boolean>;

/** A ProxyCommand that runs. */
export interface RunningCommand {
  /** Whose way it is, for sentences that begin with "Node NAME". */
  readonly name: string;
  /** The host as the configuration knows it. */
  readonly host: string;
  readonly command: string;
  readonly stream: CommandStream;
}

interface StartOptions {
  readonly allowCommand: AllowCommand | undefined;
  readonly signal: AbortSignal | undefined;
  readonly tell: (reached: Reached) => void;
}

/**
 * Runs the ProxyCommand of a host, if it has one and if that is allowed. Whoever gets it must end it: see {@link explained}.
 * Fails with `ssh.config`, or `ssh.cancelled` where nobody allows it.
 */
export async function startCommand(
  name: string,
  { originalHost: host, proxyCommand }: ResolvedHost,
  { allowCommand, signal = new AbortController().signal, tell }: StartOptions,
): Promise<RunningCommand | undefined> {
  if (!proxyCommand) {
    return undefined;
  }
  const { text, file, line } = proxyCommand;
  const command = expandCommand(proxyCommand);
  const wanted = { connection: name, host, command, file, line, allowed: { host, command: text } };
  const isAllowed = (await allowCommand?.(wanted, signal)) ?? false;
  signal.throwIfAborted();
  if (!isAllowed) {
    throw fail(
      'ssh.cancelled',
      `Node ${name}: the SSH configuration reaches ${host} by running \`${briefCommand(command)}\`, which nobody has allowed.`,
      `Connect on a terminal or in Barnraiser's window and allow it there, or write \`ProxyJump HOST\` in its place (${file}:${line}).`,
    );
  }
  const stream = new CommandStream(command, () => tell({ kind: 'answered', command }));
  tell({ kind: 'started', command });
  return { name, host, command, stream };
}

/** Waits for the session that goes through a command. Where there will be none the command is ended, and says what it knows of why. */
export async function explained(opening: Promise<Session>, running: RunningCommand): Promise<Session> {
  try {
    return await opening;
  } catch (error) {
    const { stream } = running;
    if (!stream.closed) {
      await new Promise((resolve) => stream.once('close', resolve).destroy());
    }
    throw error instanceof Failure ? explain(error, running) : error;
  }
}

function explain(failure: Failure, { name, host, command, stream }: RunningCommand): Failure {
  const { problem } = failure;
  const { outcome } = stream;
  const said = foreignLines(stream.said);
  const what = `the ProxyCommand \`${briefCommand(command)}\``;
  const tryIt = `try \`ssh ${host}\`.`;
  if (problem.code === 'ssh.timeout' && outcome === undefined) {
    return fail(
      problem.code,
      `Node ${name}: ${what} runs, but there was no way through it in time.`,
      `It may wait for something that only a person can do, such as a sign-in: ${tryIt}`,
      [problem.message, said].filter((text) => text !== '').join('\n'),
      failure,
    );
  }
  if (problem.code !== 'ssh.unreachable') {
    return failure;
  }
  return fail(
    problem.code,
    outcome === undefined
      ? `Node ${name}: what ${what} led to broke off before the SSH handshake was over.`
      : `Node ${name}: ${what} ${endOf(outcome)} before the SSH handshake was over.`,
    `Run it by hand to see what is wrong with it, or ${tryIt}`,
    said || (outcome?.error?.message ?? problem.detail),
    failure,
  );
}

function endOf({ code, signal, error }: NonNullable<CommandStream['outcome']>): string {
  if (error) {
    return 'could not be run';
  }
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

/** A command as it stands in a sentence between backticks, of which it keeps none. */
export function briefCommand(command: string): string {
  const line = foreignCommand(command).replaceAll('`', "'");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
