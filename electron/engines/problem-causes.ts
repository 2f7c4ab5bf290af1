/** Known causes of failed builds, recognised by the engine's error message. */
import { formatSource } from '../../shared/format.ts';
import { type EngineKind, engineNames } from '../../shared/node.ts';
import { type Failure, fail, type ProblemCode } from '../../shared/problem.ts';
import type { SourceLines } from '../../shared/source-lines.ts';
import { sourceMounts } from '../../shared/source-mounts.ts';
import { firstLine } from './api/engine-api.ts';
import type { EngineBuild, EngineStep } from './engine.ts';

/** One cause of a failed build: how to recognise it and what to tell people. */
export interface ProblemCause {
  readonly pattern: RegExp;
  /** What happened, in plain words instead of the engine's. */
  readonly reason: (match: RegExpExecArray, build: EngineBuild, engine: EngineKind) => string;
  readonly fix: (match: RegExpExecArray, build: EngineBuild, engine: EngineKind) => string;
  /** A cause that another node may not have. Default: the build itself has failed. */
  readonly code?: Extract<ProblemCode, 'engine.pull' | 'engine.memory' | 'engine.unsupported'>;
}

const certificateFixes: Readonly<Record<EngineKind, string>> = {
  podman:
    "Install the registry's certificate on the node in /etc/containers/certs.d, or mark the registry as insecure in registries.conf.",
  docker:
    "Install the registry's certificate on the node in /etc/docker/certs.d, or add the registry to insecure-registries in /etc/docker/daemon.json.",
  buildkit:
    'Name the certificate of the registry in /etc/buildkit/buildkitd.toml on the node (`ca`), or set `http` or `insecure` for the registry there.',
};

/** Why a node cannot use a registry, whatever its engine. The messages come from Go's network packages. */
export const networkCauses: readonly ProblemCause[] = [
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    code: 'engine.pull',
    reason: () => 'the registry limits pulls from this node',
    fix: (_match, _build, engine) =>
      `Wait, or log in to the registry on this computer with \`${engine === 'podman' ? 'podman' : 'docker'} login\`.`,
  },
  {
    pattern: /x509:|certificate|server gave HTTP response to HTTPS client/i,
    code: 'engine.pull',
    reason: () => "the node does not trust the registry's certificate",
    fix: (_match, _build, engine) => certificateFixes[engine],
  },
  {
    pattern:
      /no such host|connection refused|i\/o timeout|network is unreachable|no route to host|TLS handshake timeout|deadline exceeded|connection reset|EOF/,
    code: 'engine.pull',
    reason: () => 'the node cannot reach the registry',
    fix: () => "Check the node's network, DNS and proxy, or pull the image on the node first.",
  },
];

/** What may be different a moment later. The messages come from Go's network packages, containers/image, docker and containerd. */
const passingPattern =
  /no such host|connection refused|timeout|network is unreachable|no route to host|deadline exceeded|connection reset|EOF|toomanyrequests|too many requests|(?:status|code|response|error)[^\d\n]{0,40}\b(?:408|429|50[0-4])\b|internal server error|bad gateway|service unavailable/i;

const pullText = 'cannot get the base image';

/** Could a node not get a base image for a reason that may pass? */
export function isPassingPullFailure({ problem }: Failure): boolean {
  return (
    problem.code === 'engine.pull' &&
    problem.message.includes(`: ${pullText} `) &&
    passingPattern.test(problem.detail ?? '')
  );
}

/** Why a step failed whose program ran or could not be started. */
export const programCauses: readonly ProblemCause[] = [
  {
    pattern: /exec format error/,
    reason: () => 'the program is built for another platform',
    fix: (_, { platform }) =>
      `Check that the files copied into the image are built for ${platform}. A node that emulates ${platform} needs its qemu handler.`,
  },
  {
    // BuildKit 0.14 and newer
    pattern: /did not complete successfully: cannot allocate memory/,
    code: 'engine.memory',
    reason: () => 'the node ran out of memory',
    fix: () => 'Reduce the parallelism of the step, or give the node more memory.',
  },
  {
    pattern: /exit (?:status|code:) 137\b|signal: killed/,
    reason: () => 'killed, exit status 137',
    fix: () =>
      'The node most likely ran out of memory; `dmesg` on the node shows it. Reduce the parallelism of the step, or give the node more memory.',
  },
  {
    pattern: /exit (?:status|code:) 127\b/,
    reason: () => 'exit status 127, command not found',
    fix: () => 'Check that the base image or an earlier step installs the command.',
  },
  {
    pattern: /exit (?:status|code:) (\d+)/,
    reason: ([, status = '']) => `exit status ${status}`,
    fix: () => 'Read the last lines of its log, correct the step, and build again.',
  },
];

/** The causes that an engine's messages show, by what has failed. */
export interface EngineCauses {
  /** Why a node cannot get a base image. */
  readonly pull: readonly ProblemCause[];
  readonly step: readonly ProblemCause[];
  readonly containerfile: readonly ProblemCause[];
}

/** A build that an engine has ended with an error. */
export interface FailedBuild {
  readonly node: string;
  readonly engine: EngineKind;
  readonly build: EngineBuild;
  /** The engine's message, unchanged. */
  readonly error: string;
  /** The message without what it repeats of the step, which may be any text that the patterns look for. */
  readonly message?: string;
  /** What is said of a failed step whose cause is unknown. */
  readonly reason?: string;
  readonly step: EngineStep | undefined;
  /** The lines that the engine names. Default: those of the step. */
  readonly source?: SourceLines | undefined;
  /** The base image that the node could not get. */
  readonly baseImage: string | undefined;
  /** The step has run a program for another processor. */
  readonly isForeign: boolean;
}

/** The problem of a failed build. Its `detail` is the engine's unchanged message. */
export function failedBuildProblem(
  { pull, step: stepCauses, containerfile }: EngineCauses,
  { node, engine, build, error, message = error, reason = shorten(firstLine(message)), ...failed }: FailedBuild,
): Failure {
  const { step, baseImage, isForeign } = failed;
  const source = failed.source ?? (step && stepSource(step, build));
  if (baseImage !== undefined) {
    const cause = findCause(pull, error, build, engine);
    return fail(
      cause ? (cause.code ?? 'build.failed') : passingPattern.test(error) ? 'engine.pull' : 'build.failed',
      `Node ${node}: ${pullText} ${baseImage}: ${cause?.reason ?? firstLine(error)}.`,
      cause?.fix ??
        (engine === 'buildkit'
          ? 'Check that the registry works and has the image.'
          : `Try \`${engine} pull ${baseImage}\` on the node.`),
      error,
    ).at(source);
  }
  if (step) {
    const cause = findCause(stepCauses, isForeign ? 'exec format error' : message, build, engine);
    return fail(
      cause?.code ?? 'build.failed',
      `Node ${node}: ${describeStep(step, source)} failed: ${shorten(step.name)} (${cause?.reason ?? reason}).`,
      [
        missingSecretHint(step, build),
        cause?.fix ?? 'Read the last lines of its log, correct the step, and build again.',
      ]
        .flatMap((text) => text ?? [])
        .join(' '),
      error,
    ).at(source);
  }
  const cause = findCause(containerfile, error, build, engine);
  return fail(
    cause?.code ?? 'build.failed',
    `Node ${node}: ${engineNames[engine]} cannot use ${containerfileName(build)}: ${cause?.reason ?? shorten(firstLine(error))}.`,
    cause?.fix ?? `Correct ${source ? formatSource(source) : containerfileName(build)}.`,
    error,
  ).at(source);
}

/** The reason and the fix of the first cause that matches an engine's error message. */
export function findCause(causes: readonly ProblemCause[], error: string, build: EngineBuild, engine: EngineKind) {
  for (const { pattern, reason, fix, code } of causes) {
    const match = pattern.exec(error);
    if (match) {
      return { reason: reason(match, build, engine), fix: fix(match, build, engine), code };
    }
  }
  return undefined;
}

/** A step in words, such as `step 4 of 10 (build, Containerfile:7)`. */
function describeStep({ index, total, stage }: EngineStep, source: SourceLines | undefined): string {
  const facts = [stage ?? [], source ? formatSource(source) : []].flat();
  return `step ${index} of ${total}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

/** The lines of the instruction that a step runs. */
function stepSource({ line }: EngineStep, build: EngineBuild): SourceLines | undefined {
  const instruction = build.instructions.find(({ firstLine }) => firstLine === line);
  return instruction && shownLines(build, instruction.firstLine, instruction.lastLine);
}

/** What to do if a step mounts a secret that the build does not have. Engines run it without. */
function missingSecretHint({ line }: EngineStep, { instructions, secrets }: EngineBuild): string | undefined {
  const text = instructions.find(({ firstLine }) => firstLine === line)?.text ?? '';
  const missing = sourceMounts(text).find(
    ({ kind, id }) => kind === 'secret' && secrets.every((each) => each.id !== id),
  );
  return (
    missing &&
    `The build has no secret ${missing.id}, which the step mounts: give it with --secret id=${missing.id},src=FILE.`
  );
}

/** Shortens a text to one line of at most 120 characters. */
export function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** What messages call the Containerfile. One from outside the context, or changed for the engine, has a name there that no person gave it. */
function containerfileName({ file }: Pick<EngineBuild, 'file'>): string {
  return isOwnName(file) ? 'the Containerfile' : file;
}

/** Lines of the Containerfile as a person finds them. @param file as the engine names it */
export function shownLines(
  build: Pick<EngineBuild, 'file' | 'parts'>,
  firstLine: number,
  lastLine: number,
  file = build.file,
): SourceLines {
  const part = isOwnName(file) ? build.parts?.findLast((each) => each.firstLine <= firstLine) : undefined;
  const before = part ? part.firstLine - 1 : 0;
  return {
    file: part?.path ?? (isOwnName(file) ? 'Containerfile' : file),
    firstLine: firstLine - before,
    lastLine: lastLine - before,
  };
}

function isOwnName(file: string): boolean {
  return file.startsWith('.barnraiser-');
}
