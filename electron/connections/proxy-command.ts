import { Failure, fail } from '../../shared/problem.ts';
import {
  type AllowedCommand,
  type QuestionOf,
  type QuestionSource,
  questionSourceName,
} from '../../shared/question.ts';
import { escapeHiddenCharacters, sanitizeText } from '../../shared/untrusted-text.ts';
import { type CommandEnd, CommandStream } from '../ssh/command-stream.ts';
import type { ConnectProgress } from '../ssh/connect-options.ts';
import type { Session } from '../ssh/session.ts';
import { expandCommand } from '../ssh/ssh-config/proxy-command.ts';
import type { ResolvedHost } from '../ssh/ssh-config/resolve.ts';

/** A ProxyCommand that needs consent: as a person sees it, and as it is stored once it is allowed. */
export interface ProxyCommandRequest extends Omit<QuestionOf<'proxy-command'>, 'id' | 'kind'> {
  readonly allowedCommand: AllowedCommand;
}

/** Whether a ProxyCommand may be run. The signal aborts when the answer is no longer needed. */
export type AllowCommand = (request: ProxyCommandRequest, signal: AbortSignal) => Promise<boolean>;

export interface RunningProxyCommand {
  /** The node or jump host, as problems name it after "Node". */
  readonly name: string;
  /** The host's name in the SSH configuration. */
  readonly host: string;
  readonly command: string;
  readonly stream: CommandStream;
}

interface StartOptions {
  readonly allowCommand: AllowCommand | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: ConnectProgress) => void;
}

/**
 * Runs the ProxyCommand of a host, if it has one and it is allowed. The caller must end it: see {@link explainFailure}.
 * @throws Failure `ssh.config`, or `ssh.cancelled` if the command is not allowed
 */
export async function startProxyCommand(
  source: QuestionSource,
  { originalHost: host, proxyCommand }: ResolvedHost,
  { allowCommand, signal = new AbortController().signal, onProgress }: StartOptions,
): Promise<RunningProxyCommand | undefined> {
  if (!proxyCommand) {
    return undefined;
  }
  const name = questionSourceName(source);
  const { text, file, line } = proxyCommand;
  const command = expandCommand(proxyCommand);
  const request = { ...source, host, command, file, line, allowedCommand: { host, command: text } };
  const isAllowed = (await allowCommand?.(request, signal)) ?? false;
  signal.throwIfAborted();
  if (!isAllowed) {
    throw fail(
      'ssh.cancelled',
      `Node ${name}: the SSH configuration connects to ${host} by running \`${shortCommand(command)}\`, which is not allowed.`,
      `Connect in a terminal or in Barnraiser's window and allow it there, or replace it with \`ProxyJump HOST\` (${file}:${line}).`,
    );
  }
  const stream = new CommandStream(command, () => onProgress({ kind: 'answered', command }));
  onProgress({ kind: 'started', command });
  return { name, host, command, stream };
}

/**
 * Waits for the session that is opened through a ProxyCommand. If that fails, ends the command and adds what it printed
 * and how it ended to the failure.
 */
export async function explainFailure(opening: Promise<Session>, running: RunningProxyCommand): Promise<Session> {
  try {
    return await opening;
  } catch (error) {
    const { stream } = running;
    if (!stream.closed) {
      await new Promise((resolve) => stream.once('close', resolve).destroy());
    }
    throw error instanceof Failure ? explained(error, running) : error;
  }
}

function explained(failure: Failure, { name, host, command, stream }: RunningProxyCommand): Failure {
  const { problem } = failure;
  const { outcome } = stream;
  const output = sanitizeText(stream.stderr);
  const proxyCommand = `the ProxyCommand \`${shortCommand(command)}\``;
  const tryIt = `try \`ssh ${host}\`.`;
  if (problem.code === 'ssh.timeout' && outcome === undefined) {
    return fail(
      problem.code,
      `Node ${name}: ${proxyCommand} is running, but did not connect in time.`,
      `It may be waiting for something that a person has to do, such as a sign-in: ${tryIt}`,
      [problem.message, output].filter((text) => text !== '').join('\n'),
      failure,
    );
  }
  if (problem.code !== 'ssh.unreachable') {
    return failure;
  }
  return fail(
    problem.code,
    outcome === undefined
      ? `Node ${name}: the connection through ${proxyCommand} was closed before the SSH handshake was complete.`
      : `Node ${name}: ${proxyCommand} ${describeEnd(outcome)} before the SSH handshake was complete.`,
    `Run it yourself to see what is wrong with it, or ${tryIt}`,
    output || (outcome?.error?.message ?? problem.detail),
    failure,
  );
}

function describeEnd({ code, signal, error }: CommandEnd): string {
  if (error) {
    return 'could not be run';
  }
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

/**
 * A command for a sentence: at most 80 characters, and without backticks, because the sentence puts it between
 * backticks.
 */
export function shortCommand(command: string): string {
  const line = escapeHiddenCharacters(command).replaceAll('`', "'");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
