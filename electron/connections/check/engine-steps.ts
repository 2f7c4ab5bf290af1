import { jobOptionsOf, socketPathOf } from '../../../shared/connection.ts';
import { formatBytes } from '../../../shared/format.ts';
import { type EngineKind, engineNames, isDiskLow, type Node } from '../../../shared/node.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { openEngine } from '../../engines/open-engine.ts';
import { type RunCommand, readSocketState, type SocketState } from '../../engines/transport/engine-socket.ts';
import { openLocalTransport } from '../../engines/transport/local-transport.ts';
import { openSshTransport } from '../../engines/transport/ssh-transport.ts';
import type { Transport } from '../../engines/transport/transport.ts';
import type { Session } from '../../ssh/session.ts';
import type { CheckContext } from './check-report.ts';
import { checkEmulation } from './emulation-step.ts';
import { makeFix } from './fix-commands.ts';
import { checkForwarding, checkReverseForwarding, forwardingFixes } from './forwarding-steps.ts';
import { type NodeFacts, readNodeFacts } from './node-facts.ts';
import { commandFixes, commandLocation, engineFixes, searchedSocket, socketFixes } from './suggested-fixes.ts';

/** The stages once there is a transport. */
export const answerStages = ['engine', 'platforms', 'emulation', 'disk'] as const;
export const engineStages = ['socket', ...answerStages] as const;
export const forwardingStages = ['forwarding', 'reverse-forwarding'] as const;

/** Checks the engine of a node: from its socket to the reverse port forward. */
export async function checkEngineOverSsh(session: Session, context: CheckContext): Promise<void> {
  const { destination, signal } = context;
  const run: RunCommand = (command, options) => session.run(command, options);
  const socketPath = socketPathOf(destination);
  const open = () => openSshTransport(session, { ...(socketPath ? { socketPath } : {}), ownsSession: false, signal });
  await checkEngine(context, run, open, async (transport) => {
    await checkForwarding(session, transport, context);
    await checkReverseForwarding(session, context);
  });
}

/** Checks the engine of this computer: from its socket to its disk. */
export async function checkLocalEngine(run: RunCommand, context: CheckContext): Promise<void> {
  const { name, destination, signal } = context;
  const socketPath = socketPathOf(destination);
  await checkEngine(context, run, () => openLocalTransport({ name, ...(socketPath ? { socketPath } : {}), signal }));
}

async function checkEngine<T extends Transport & { readonly isStarted: boolean }>(
  context: CheckContext,
  run: RunCommand,
  open: () => Promise<T>,
  checkFurther: (transport: T) => Promise<void> = async () => undefined,
): Promise<void> {
  const { report, signal } = context;
  report.start({ stage: 'socket' });
  const transport = await open().catch((error: unknown) => reportSocketFailure(context, run, error));
  try {
    const { socketPath, isStarted } = transport;
    report.pass({ stage: 'socket' }, `${socketPath}${isStarted ? ', started on demand' : ''}`);
    await checkOpenEngine(
      context,
      transport,
      once(() => readNodeFacts(run, signal)),
    );
    await checkFurther(transport);
  } finally {
    await transport.close();
  }
}

/**
 * Checks the engine behind a transport that is open.
 * @param readFacts without it, no commands can be run on the node
 */
export async function checkOpenEngine(
  context: CheckContext,
  transport: Transport & { readonly isStarted?: boolean },
  readFacts: () => Promise<NodeFacts | undefined> = async () => undefined,
): Promise<void> {
  const { report } = context;
  const node = await checkAnswer(context, transport, readFacts);
  report.start({ stage: 'platforms' });
  report.pass({ stage: 'platforms' }, node.platform);
  await checkEmulation(context, node, readFacts);
  checkDisk(context, node);
}

/** Reports why the socket could not be reached, with fixes, and throws `error` again. */
async function reportSocketFailure(
  { report, signal, destination }: CheckContext,
  run: RunCommand,
  error: unknown,
): Promise<never> {
  signal.throwIfAborted();
  const problem = problemOf(error);
  if (problem.code === 'ssh.forwarding-refused') {
    // the socket exists; only forwarding to it is refused
    report.pass({ stage: 'socket' }, socketPathOf(destination));
    report.fail({ stage: 'forwarding' }, { problem, fixes: forwardingFixes });
    throw error;
  }
  if (problem.code !== 'engine.no-socket') {
    report.fail({ stage: 'socket' }, { problem, fixes: engineFixes(destination, problem, undefined) });
    throw error;
  }
  const facts = await readNodeFacts(run, signal);
  const path = facts && searchedSocket(destination, facts);
  const state = path === undefined ? 'missing' : await brokenSocketState(path, run, signal);
  report.fail({ stage: 'socket' }, { problem, fixes: socketFixes(destination, state, facts) });
  throw error;
}

/**
 * The state of a socket that could not be connected to. If the file system allows its use, nothing listens on it: it is
 * dead.
 */
async function brokenSocketState(
  path: string,
  run: RunCommand,
  signal: AbortSignal,
): Promise<Exclude<SocketState, 'open'>> {
  const state = await readSocketState(run, path, signal);
  return state === 'open' ? 'dead' : state;
}

async function checkAnswer(
  { report, signal, destination, name, options, onNode }: CheckContext,
  transport: Transport & { readonly isStarted?: boolean },
  readFacts: () => Promise<NodeFacts | undefined>,
): Promise<Node> {
  report.start({ stage: 'engine' });
  let node: Node;
  try {
    const engine = await openEngine(transport);
    node = { ...(await engine.probe(signal)), ...jobOptionsOf(options), connection: name };
  } catch (error) {
    signal.throwIfAborted();
    const problem = problemOf(error);
    report.fail({ stage: 'engine' }, { problem, fixes: engineFixes(destination, problem, await readFacts()) });
    throw error;
  }
  onNode(node);
  const rights = node.rootless === undefined ? '' : node.rootless ? ', rootless' : ', rootful';
  const finding = `${engineNames[node.engine]} ${node.version}${rights}`;
  const facts = node.rootless && !transport.isStarted ? await readFacts() : undefined;
  if (facts?.hasSystemd && !facts.isLingerEnabled && facts.uid !== 0) {
    const { problem } = fail(
      'engine.linger',
      `Node ${name}: the engine of ${facts.user} stops when ${facts.user} logs out, and builds stop with it.`,
      'Keep it running after logout: `loginctl enable-linger` on the node. Until then, a lost connection may end a build.',
    );
    const fixes = commandFixes('enable-linger', facts, commandLocation(destination));
    report.warn({ stage: 'engine' }, { finding, problem, fixes });
  } else if (node.engine === 'podman' && destination.kind === 'tcp') {
    const { problem } = fail(
      'ssh.shell',
      `Node ${name}: podman continues a RUN step after its build is cancelled, and over TCP nothing can end it.`,
      'Connect to podman over SSH, where Barnraiser ends what a cancelled build left running.',
    );
    report.warn({ stage: 'engine' }, { finding, problem });
  } else if (node.builder === 'classic') {
    const { problem } = fail(
      'engine.builder',
      `Node ${name}: docker builds with its classic builder, because BuildKit is off or missing there.`,
      'Remove `"buildkit": false` from the features in /etc/docker/daemon.json and restart docker, or update docker to 23 or newer.',
      node.capabilities.notes?.join('\n'),
    );
    report.warn({ stage: 'engine' }, { finding, problem });
  } else {
    report.pass({ stage: 'engine' }, finding);
  }
  return node;
}

const pruneCommands: Readonly<Record<EngineKind, { readonly command: string; readonly unasked: string }>> = {
  podman: { command: 'podman image prune', unasked: 'podman image prune --force' },
  docker: { command: 'docker system prune', unasked: 'docker system prune --force' },
  buildkit: { command: 'buildctl prune', unasked: 'buildctl prune' },
};

function checkDisk({ report, name, destination }: CheckContext, node: Node): void {
  const step = { stage: 'disk' } as const;
  report.start(step);
  const { free, total } = node.disk ?? { free: 0, total: 0 };
  if (total === 0) {
    report.pass(step, 'unknown');
    return;
  }
  const finding = `${formatBytes(free)} of ${formatBytes(total)} free`;
  if (!isDiskLow({ free, total })) {
    report.pass(step, finding);
    return;
  }
  const { command, unasked } = pruneCommands[node.engine];
  const { problem } = fail(
    'engine.disk-low',
    `Node ${name} has only ${finding} where it stores images.`,
    `Remove what is no longer needed there: \`${command}\`.`,
  );
  report.warn(step, {
    finding,
    problem,
    fixes: [makeFix('prune', unasked, commandLocation(destination))],
  });
}

/** Runs `work` at the first call; later calls get the same result. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
