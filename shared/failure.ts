/** Expected failures. Without the schemas of `problem.ts`, which take long to load. */
import type { ProblemAction } from './problem-action.ts';
import type { SourceLines } from './source-lines.ts';
import { removeHidden } from './untrusted-text.ts';

/**
 * The code of every expected failure. Codes are stable: scripts may rely on them, while messages may change. The part
 * before the dot is the area.
 */
export const problemCodes = [
  'input.invalid',
  'call.cancelled',
  'app.access',
  'app.closed',
  'app.socket',
  'settings.broken',
  'settings.newer',
  'settings.unreadable',
  'settings.unwritable',
  'settings.locked',
  'connection.unknown',
  'connection.exists',
  'connection.changed',
  'connection.removed',
  'connection.uri',
  'connection.file',
  'connection.fix',
  'connection.check-cancelled',
  'node.paused',
  'node.draining',
  'node.slow',
  'queue.unknown',
  'farm.unknown',
  'farm.exists',
  'farm.empty',
  'ssh.unreachable',
  'ssh.timeout',
  'ssh.host-key-unknown',
  'ssh.host-key-changed',
  'ssh.host-key-revoked',
  'ssh.known-hosts',
  'ssh.config',
  'ssh.identity',
  'ssh.authentication',
  'ssh.cancelled',
  'ssh.lost',
  'ssh.channel',
  'ssh.shell',
  'ssh.forwarding-refused',
  'tcp.unreachable',
  'tcp.timeout',
  'tcp.lost',
  'tcp.unencrypted',
  'tls.files',
  'tls.certificate',
  'tls.client-certificate',
  'tls.handshake',
  'container.context',
  'container.missing',
  'container.exec',
  'pod.kubectl',
  'pod.exec',
  'engine.no-socket',
  'engine.unreachable',
  'engine.unsupported',
  'engine.refused',
  'engine.runtime',
  'engine.pull',
  'engine.memory',
  'engine.answer',
  'engine.builder',
  'engine.emulation',
  'engine.linger',
  'engine.disk-low',
  'prune.expired',
  'key.invalid',
  'key.password',
  'key.exists',
  'key.unknown',
  'key.missing',
  'signature.none',
  'signature.invalid',
  'attestation.none',
  'secrets.unavailable',
  'secret.missing',
  'secret.too-large',
  'secret.agent',
  'schedule.no-node',
  'schedule.no-native-node',
  'schedule.set-aside',
  'schedule.excluded',
  'context.missing',
  'context.file-missing',
  'context.ignore-file',
  'context.unreadable',
  'context.containerfile',
  'context.changed',
  'context.archive',
  'source.git',
  'source.access',
  'source.reference',
  'source.input',
  'project.no-git',
  'project.dirty',
  'build.failed',
  'build.no-image',
  'build.cancelled',
  'build.incomplete',
  'build.unknown',
  'build.newer',
  'build.damaged',
  'build.running',
  'build.changed',
  'bake.unknown',
  'bake.running',
  'bake.dependency',
  'timer.unknown',
  'timer.exists',
  'timer.time',
  'timer.secret',
  'timer.running',
  'watch.unknown',
  'watch.source',
  'watch.exists',
  'recipe.missing',
  'recipe.invalid',
  'recipe.outside',
  'recipe.exists',
  'releases.unknown',
  'releases.unavailable',
  'image.unknown',
  'image.platform',
  'image.corrupt',
  'image.incomplete',
  'image.partial',
  'image.too-large',
  'image.destination',
  'image.path',
  'image.archive',
  'image.released',
  'reference.invalid',
  'reference.no-registry',
  'registry.unreachable',
  'registry.authentication',
  'registry.denied',
  'registry.refused',
  'registry.immutable',
  'registry.quota',
  'registry.exists',
  'registry.unknown',
  'registry.tls',
  'registry.credentials',
  'push.cancelled',
  'copy.cancelled',
  'disk.full',
  'bug',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

export const isProblemCode = (text: string): text is ProblemCode => (problemCodes as readonly string[]).includes(text);

/** Codes that say all there is to say: no one has to look them up. */
const plainCodes: ReadonlySet<ProblemCode> = new Set([
  'input.invalid',
  'call.cancelled',
  'connection.check-cancelled',
  'build.cancelled',
  'push.cancelled',
  'copy.cancelled',
]);

/** Whether a problem refers to the page of its code. */
export function isExplained({ code }: Pick<Problem, 'code'>): boolean {
  return !plainCodes.has(code);
}

/**
 * An expected failure, as the user sees it.
 * - `message`: one sentence that names the thing and says what is wrong.
 * - `fix`: what to do about it.
 * - `detail`: the original output where it helps (an engine's error message, the last lines of a log).
 * - `source`: the lines of the project that it is about.
 * - `actions`: what Barnraiser can do about it itself. `fix` names none of its flags and commands: each front end adds its own.
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly fix: string;
  readonly detail?: string | undefined;
  readonly source?: SourceLines | undefined;
  readonly actions?: ProblemAction[] | undefined;
}

/**
 * An error with a {@link Problem}, for streams, promises and abort signals. Where a call is answered, it becomes a
 * value again. Any other error there is a bug.
 */
export class Failure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.message, options);
    this.name = 'Failure';
    this.problem = problem;
  }

  /** The same failure with actions that solve it: `throw fail(…).offering({ id: 'show-builds' })`. */
  offering(...actions: readonly ProblemAction[]): Failure {
    return new Failure({ ...this.problem, actions: [...actions] }, { cause: this.cause });
  }

  /** The same failure, which is about these lines if they are known. */
  at(source: SourceLines | undefined): Failure {
    return source ? new Failure({ ...this.problem, source }, { cause: this.cause }) : this;
  }
}

/**
 * Creates a {@link Failure}: `throw fail('ssh.timeout', 'Node pi4 did not answer in 15 s.', 'Check that it is switched
 * on.')`.
 */
export function fail(code: ProblemCode, message: string, fix: string, detail?: string, cause?: unknown): Failure {
  return new Failure(
    // texts of nodes, registries and projects are often a part of them
    { code, message: removeHidden(message), fix, ...(detail === undefined ? {} : { detail: removeHidden(detail) }) },
    cause === undefined ? undefined : { cause },
  );
}

/** The {@link Problem} of a thrown value. A value that is not a {@link Failure} becomes the problem `bug`. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Failure) {
    return error.problem;
  }
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: 'bug',
    message: removeHidden(`Something went wrong inside Barnraiser: ${text}`),
    fix: 'Report this problem and the steps that led to it.',
    ...(error instanceof Error && error.stack ? { detail: error.stack } : {}),
  };
}
