import type { Destination } from '../../../shared/connection.ts';
import { formatBytes } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { openEngine } from '../../engines/open-engine.ts';
import { openLocalTransport } from '../../engines/transport/local-transport.ts';
import { type Run, type SocketState, socketState } from '../../engines/transport/socket.ts';
import { openSshTransport } from '../../engines/transport/ssh-transport.ts';
import type { Transport } from '../../engines/transport/transport.ts';
import type { Session } from '../../ssh/session.ts';
import { emulation } from './emulation-step.ts';
import type { EngineCheck } from './engine-check.ts';
import { remedyFor } from './fix-commands.ts';
import { forwarding, forwardingRemedies, returning } from './forwarding-steps.ts';
import { lookAround, type NodeFacts } from './node-facts.ts';
import { engineRemedies, placeOf, planned, socketRemedies } from './suggested-fixes.ts';

export const engineSteps = ['socket', 'engine', 'platforms', 'emulation', 'disk'] as const;
export const sshSteps = ['forwarding', 'return'] as const;

/** Less is soon used up by a build, in bytes; as a part of the whole only where that is not much in itself. */
const lowDiskBytes = 5 * 1024 ** 3;
const lowDiskPart = 0.05;
const amplyBytes = 50 * 1024 ** 3;

/** From the socket of a node's engine to the port that leads back. */
export async function checkEngineOverSsh(session: Session, climb: EngineCheck): Promise<void> {
  const { destination, signal } = climb;
  const run: Run = (command, how) => session.run(command, how);
  const socketPath = destination.kind === 'ssh' ? destination.socketPath : undefined;
  const open = () => openSshTransport(session, { ...(socketPath ? { socketPath } : {}), ownsSession: false, signal });
  await climbEngine(climb, run, open, async (transport) => {
    await forwarding(session, transport, climb);
    await returning(session, climb);
  });
}

/** From the socket of this computer's engine to its disk. */
export async function checkLocalEngine(run: Run, climb: EngineCheck): Promise<void> {
  const { name, destination, signal } = climb;
  const socketPath = destination.kind === 'unix' ? destination.socketPath : undefined;
  await climbEngine(climb, run, () => openLocalTransport({ name, ...(socketPath ? { socketPath } : {}), signal }));
}

async function climbEngine<T extends Transport & { readonly isStarted: boolean }>(
  climb: EngineCheck,
  run: Run,
  open: () => Promise<T>,
  further: (transport: T) => Promise<void> = async () => undefined,
): Promise<void> {
  const { ladder, signal } = climb;
  ladder.begin({ stage: 'socket' });
  const transport = await open().catch((error: unknown) => noSocket(climb, run, error));
  try {
    const { socketPath, isStarted } = transport;
    ladder.pass({ stage: 'socket' }, `${socketPath}${isStarted ? ', started by its command' : ''}`);
    const look = once(() => lookAround(run, signal));
    const node = await engine(climb, transport, look);
    ladder.begin({ stage: 'platforms' });
    ladder.pass({ stage: 'platforms' }, node.platform);
    await emulation(climb, node, look);
    disk(climb, node);
    await further(transport);
  } finally {
    await transport.close();
  }
}

/** Puts on its rung why there is no way to the socket. */
async function noSocket({ ladder, signal, destination }: EngineCheck, run: Run, error: unknown): Promise<never> {
  signal.throwIfAborted();
  const problem = problemOf(error);
  if (problem.code === 'ssh.forwarding-refused') {
    // the socket is there, and only the way to it is not
    ladder.pass({ stage: 'socket' }, destination.kind === 'local' ? undefined : destination.socketPath);
    ladder.fail({ stage: 'forwarding' }, { problem, fixes: forwardingRemedies });
    throw error;
  }
  if (problem.code !== 'engine.no-socket') {
    ladder.fail({ stage: 'socket' }, { problem, fixes: engineRemedies(destination, problem, undefined) });
    throw error;
  }
  const facts = await lookAround(run, signal);
  const state = facts ? await stateOf(destination, run, signal) : 'missing';
  ladder.fail({ stage: 'socket' }, { problem, fixes: socketRemedies(destination, state, facts) });
  throw error;
}

/** A socket that the file system says is open, and over which nothing came, is dead. */
async function stateOf(destination: Destination, run: Run, signal: AbortSignal): Promise<Exclude<SocketState, 'open'>> {
  if (destination.kind === 'local' || destination.socketPath === undefined) {
    return 'missing';
  }
  const state = await socketState(run, destination.socketPath, signal);
  return state === 'open' ? 'dead' : state;
}

async function engine(
  { ladder, signal, destination, name, onNode }: EngineCheck,
  transport: Transport & { readonly isStarted: boolean },
  look: () => Promise<NodeFacts | undefined>,
): Promise<Node> {
  ladder.begin({ stage: 'engine' });
  let node: Node;
  try {
    const found = await openEngine(transport);
    node = { ...(await found.probe(signal)), connection: name };
  } catch (error) {
    signal.throwIfAborted();
    const problem = problemOf(error);
    ladder.fail({ stage: 'engine' }, { problem, fixes: engineRemedies(destination, problem, await look()) });
    throw error;
  }
  onNode(node);
  const said = `${node.engine} ${node.version}, ${node.rootless ? 'rootless' : 'as root'}`;
  const facts = node.rootless && !transport.isStarted ? await look() : undefined;
  if (facts?.hasSystemd && !facts.lingers && facts.uid !== 0) {
    const { problem } = fail(
      'engine.linger',
      `Node ${name}: the engine of ${facts.user} ends when ${facts.user} is no longer signed in, and builds with it.`,
      'Let it live without a login: `loginctl enable-linger` there. Until then a line that breaks may end a build.',
    );
    ladder.warn({ stage: 'engine' }, { said, problem, fixes: planned('enable-linger', facts, placeOf(destination)) });
  } else {
    ladder.pass({ stage: 'engine' }, said);
  }
  return node;
}

const pruneBy = { podman: 'podman image prune', docker: 'docker system prune' } as const;

function disk({ ladder, name, destination }: EngineCheck, node: Node): void {
  const place = { stage: 'disk' } as const;
  ladder.begin(place);
  const { free, total } = node.disk;
  if (total === 0) {
    ladder.pass(place, 'not known');
    return;
  }
  const said = `${formatBytes(free)} of ${formatBytes(total)} free`;
  if (free >= amplyBytes || (free >= lowDiskBytes && free >= total * lowDiskPart)) {
    ladder.pass(place, said);
    return;
  }
  const { problem } = fail(
    'engine.disk-low',
    `Node ${name} has only ${said} where its images are stored.`,
    `Remove what is no longer needed there: \`${pruneBy[node.engine]}\`.`,
  );
  const fixes = [remedyFor('prune', `${pruneBy[node.engine]} --force`, placeOf(destination))];
  ladder.warn(place, { said, problem, fixes });
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
