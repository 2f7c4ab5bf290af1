/** Whether a node has room for what a build sends and makes there. */
import { compareVersions, formatBytes } from '../../shared/format.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** What is known of the space that a build needs, in bytes. Each is the least that it may be. */
export interface SpaceNeed {
  /** The packed context, as far as it is packed, or that of the last build. */
  readonly contextBytes: number;
  /** The image that the last build made, as it was sent here. Where it was unpacked it is larger. */
  readonly imageBytes: number;
  /** The nodes that have the image of the last build: a new one shares layers with it. */
  readonly builtOn: ReadonlySet<string>;
}

/** Left for all else that a build writes. */
const marginBytes = 16 * 1024 * 1024;

/** Older versions of podman keep the tar beside the files that they unpack of it. */
const podmanWithoutTar = '5.8';

/** Why a node gets no job of a build for lack of space. Undefined if it has enough, or if that is not known. */
export function spaceProblem(node: Node, need: SpaceNeed): Problem | undefined {
  const { connection, temporary, disk } = node;
  const contextBytes = need.contextBytes * contextCopies(node);
  const imageBytes = need.builtOn.has(connection) ? 0 : need.imageBytes;
  if (temporary && temporary.free < contextBytes + marginBytes) {
    return lowProblem(connection, temporary.free, 'for temporary files', contextBytes);
  }
  const diskBytes = imageBytes + (temporary ? 0 : contextBytes);
  return disk && disk.total > 0 && diskBytes > 0 && disk.free < diskBytes + marginBytes
    ? lowProblem(connection, disk.free, 'where it stores images', diskBytes)
    : undefined;
}

/** The nodes that have too little space, with the reason. */
export function spaceProblems(statuses: readonly NodeStatus[], need: SpaceNeed): Record<string, Problem> {
  return Object.fromEntries(
    statuses.flatMap((status) => {
      const problem = status.state === 'up' && spaceProblem(status.node, need);
      return problem ? [[status.connection, problem]] : [];
    }),
  );
}

function contextCopies({ engine, version }: Node): number {
  return engine === 'podman' && compareVersions(version, podmanWithoutTar) < 0 ? 2 : 1;
}

function lowProblem(node: string, free: number, where: string, needed: number): Problem {
  return fail(
    'engine.disk-low',
    `Node ${node} has only ${formatBytes(free)} free ${where}, and this build needs at least ${formatBytes(needed)} there.`,
    'Free disk space there, send less with an ignore file, or build on other nodes.',
  ).offering({ id: 'free-disk', node }).problem;
}
