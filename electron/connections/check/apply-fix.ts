import type { FixId } from '../../../shared/check.ts';
import { type Connection, parseDestination } from '../../../shared/connection.ts';
import { formatBytes } from '../../../shared/format.ts';
import { fail } from '../../../shared/problem.ts';
import { openEngine } from '../../engines/open-engine.ts';
import { runHere } from '../../engines/transport/local-transport.ts';
import type { Run } from '../../engines/transport/socket.ts';
import { destinationOf } from '../destination.ts';
import { type NodeSessionOptions, openNodeSession } from '../open-session.ts';
import { openTransport } from '../open-transport.ts';
import { type NodeFix, planFix } from './fix-commands.ts';
import { lookAround } from './node-facts.ts';

export interface FixOptions extends NodeSessionOptions {
  /** Gives the connection another URI. */
  readonly changeUri: (uri: string) => Promise<void>;
}

/** Starting a service waits for it, which takes long on small machines. */
const fixMs = 120_000;

/**
 * Does on a node what a remedy has offered, by a line of its own. What is run comes from here alone. Resolves with what the
 * node said. Fails with `connection.fix` and the node's own words, and with the failures of the way there.
 */
export async function fixConnection(
  connection: Connection,
  fix: FixId,
  options: FixOptions,
): Promise<{ said: string }> {
  switch (fix) {
    case 'find-engine':
      return findEngine(connection, options);
    case 'prune':
      return prune(connection, options);
    default:
      return withMachine(connection, options, (run) => fixNode(connection.name, fix, run, options.signal));
  }
}

async function fixNode(name: string, fix: NodeFix, run: Run, signal: AbortSignal | undefined) {
  const facts = await lookAround(run, signal);
  if (!facts) {
    throw fail(
      'connection.fix',
      `Node ${name} runs no commands of ours, so that nothing can be mended there from here.`,
      'Mend it there by hand, or allow commands for this user in its sshd_config.',
    );
  }
  const plan = planFix(fix, facts);
  if (!plan) {
    throw fail(
      'connection.fix',
      `Node ${name} has not what it takes for that, or user ${facts.user} may not do it there.`,
      `See what is wrong with it now: \`barnraiser connection test ${name}\`.`,
    );
  }
  const { code, stdout, stderr } = await run(plan.program, { timeoutMs: fixMs, ...(signal ? { signal } : {}) });
  const said = [stderr.trim(), stdout.trim()].filter(Boolean).join('\n');
  if (code !== 0) {
    throw fail(
      'connection.fix',
      `Node ${name}: \`${plan.command}\` did not work there, it ended with ${code}.`,
      'Look at what the node said, and do it there by hand where it takes more rights.',
      said,
    );
  }
  return { said: said || `Done: ${plan.command}` };
}

async function prune(connection: Connection, options: FixOptions): Promise<{ said: string }> {
  const transport = await openTransport(connection, options);
  try {
    const engine = await openEngine(transport);
    return { said: `Freed ${formatBytes(await engine.prune())}.` };
  } finally {
    await transport.close();
  }
}

/** Takes the path of the socket out of the URI, so that the engine is looked for, and started where it has none. */
async function findEngine({ name, uri }: Connection, { changeUri }: FixOptions): Promise<{ said: string }> {
  const destination = parseDestination(uri);
  if (typeof destination === 'string' || destination.kind === 'local' || destination.socketPath === undefined) {
    throw fail(
      'connection.fix',
      `Connection ${name} names no socket: its engine is looked for already.`,
      `See what is wrong with it now: \`barnraiser connection test ${name}\`.`,
    );
  }
  const found = destination.kind === 'unix' ? 'local:' : withoutPath(uri);
  await changeUri(found);
  return { said: `Connection ${name} is ${found} now.` };
}

function withoutPath(uri: string): string {
  const url = new URL(uri.includes('://') ? uri : `ssh://${uri}`);
  url.pathname = '';
  return url.href;
}

async function withMachine<T>(connection: Connection, options: FixOptions, work: (run: Run) => Promise<T>): Promise<T> {
  const { name, identity } = connection;
  const destination = destinationOf(connection);
  if (destination.kind !== 'ssh') {
    return work((command, how) => runHere(name, command, how));
  }
  const session = await openNodeSession(name, { ...destination, ...(identity ? { identity } : {}) }, options);
  try {
    return await work((command, how) => session.run(command, how));
  } finally {
    await session.close();
  }
}
