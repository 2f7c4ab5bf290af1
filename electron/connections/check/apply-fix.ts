import type { FixId } from '../../../shared/check.ts';
import { type Connection, destinationOf, parseDestination, socketPathOf } from '../../../shared/connection.ts';
import { fail } from '../../../shared/problem.ts';
import type { RunCommand } from '../../engines/transport/engine-socket.ts';
import { runLocalCommand } from '../../engines/transport/local-command.ts';
import { openLocalTransport } from '../../engines/transport/local-transport.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { type NodeSessionOptions, openNodeSession } from '../open-session.ts';
import { fixCommandFor, type NodeFixId } from './fix-commands.ts';
import { readNodeFacts } from './node-facts.ts';

export interface FixOptions extends NodeSessionOptions {
  /** Saves another URI for the connection. */
  readonly changeUri: (uri: string) => Promise<void>;
  /** Where engines of this computer are looked for. Those of the system by default. */
  readonly paths?: SystemPaths;
}

/** Long, because systemctl waits until a service has started, which takes time on small machines. */
const fixTimeoutMs = 120_000;

/**
 * Applies a fix that a check has offered, over a separate session. Only commands from `fixCommandFor` are run, never one that
 * a caller sends. Resolves with what the command printed.
 * @throws Failure `connection.fix` with the command's output, and the failures of {@link openNodeSession}
 */
export async function applyFix(
  connection: Connection,
  fix: Exclude<FixId, 'prune'>,
  options: FixOptions,
): Promise<{ output: string }> {
  switch (fix) {
    case 'find-engine':
      return removeSocketPath(connection, options);
    default:
      return withCommands(connection, options, (run) => runFix(connection.name, fix, run, options.signal));
  }
}

async function runFix(
  name: string,
  fix: NodeFixId,
  run: RunCommand,
  signal: AbortSignal | undefined,
): Promise<{ output: string }> {
  const facts = await readNodeFacts(run, signal);
  if (!facts) {
    throw fail(
      'connection.fix',
      `Node ${name} does not run Barnraiser's commands, so nothing can be fixed there from here.`,
      'Fix it on the node itself, or allow commands for this user in its sshd_config.',
    );
  }
  const fixCommand = fixCommandFor(fix, facts);
  if (!fixCommand) {
    throw fail(
      'connection.fix',
      `Node ${name} lacks what this fix needs, or user ${facts.user} is not allowed to apply it.`,
      'Check the connection again.',
    ).offering({ id: 'check-connection', connection: name });
  }
  const { code, stdout, stderr } = await run(fixCommand.program, {
    timeoutMs: fixTimeoutMs,
    ...(signal ? { signal } : {}),
  });
  const output = [stderr.trim(), stdout.trim()].filter(Boolean).join('\n');
  if (code !== 0) {
    throw fail(
      'connection.fix',
      `Node ${name}: \`${fixCommand.command}\` failed with exit code ${code}.`,
      'Read its output. If it needs more rights, run it on the node yourself.',
      output,
    );
  }
  return { output: output || `Done: ${fixCommand.command}` };
}

/**
 * Removes the socket path from the URI: then the engine's socket is looked up, and podman is started if it has none.
 */
async function removeSocketPath(
  { name, uri }: Connection,
  { changeUri, signal, paths }: FixOptions,
): Promise<{ output: string }> {
  const destination = parseDestination(uri);
  if (typeof destination === 'string' || socketPathOf(destination) === undefined) {
    throw fail(
      'connection.fix',
      `Connection ${name} has no socket path: its engine is already detected automatically.`,
      'Check the connection again.',
    ).offering({ id: 'check-connection', connection: name });
  }
  if (destination.kind === 'unix') {
    // where no engine is found, the socket path is kept: it may answer later
    await (await openLocalTransport({ name, ...(signal ? { signal } : {}) }, paths)).close();
  }
  const changedUri = destination.kind === 'unix' ? 'local:' : withoutPath(uri);
  await changeUri(changedUri);
  return { output: `The URI of connection ${name} is now ${changedUri}.` };
}

function withoutPath(uri: string): string {
  return uri.replace(/^((?:ssh:\/\/)?[^/?#]*).*$/is, '$1');
}

/** Calls `work` with a function that runs commands on the connection's machine. */
async function withCommands<T>(
  connection: Connection,
  options: FixOptions,
  work: (run: RunCommand) => Promise<T>,
): Promise<T> {
  const { name, identity } = connection;
  const destination = destinationOf(connection);
  if (destination.kind !== 'ssh') {
    return work((command, commandOptions) => runLocalCommand(name, command, commandOptions));
  }
  const session = await openNodeSession(name, { ...destination, ...(identity ? { identity } : {}) }, options);
  try {
    return await work((command, commandOptions) => session.run(command, commandOptions));
  } finally {
    await session.close();
  }
}
