import { type EngineKind, engineNames } from '../../../shared/node.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import type { SourceLines } from '../../../shared/source-lines.ts';
import { diskFullProblem, type EngineApi } from '../api/engine-api.ts';
import { isForeignProgram, startProblem } from '../container-start.ts';
import type { EngineBuild } from '../engine.ts';
import { failedBuildProblem, networkCauses, type ProblemCause, programCauses } from '../problem-causes.ts';
import type { BuildKitOutput } from './build-output.ts';

/** Why a node cannot get a base image. The messages come from containerd, BuildKit and docker. */
export const pullCauses: readonly ProblemCause[] = [
  {
    pattern: /no match for platform in manifest|does not match the specified platform|no matching manifest/i,
    reason: (_, { platform }) => `it is not available for ${platform}`,
    fix: (_, { platform }) =>
      `Choose a base image that supports ${platform}, or remove ${platform} from the platforms of the build.`,
  },
  {
    pattern:
      /pull access denied|insufficient_scope|unauthorized|authentication required|denied:|403 Forbidden|failed to authorize|no active sessions|no basic auth credentials/i,
    reason: () => 'the registry denies access to it or does not have it',
    fix: () =>
      'Check its name. If it is private, log in to its registry on this computer with `docker login` or `podman login`.',
  },
  ...networkCauses,
  {
    pattern: /not found/,
    reason: () => 'the registry does not have it',
    fix: () => 'Check its name and tag in the Containerfile.',
  },
];

const stepCauses: readonly ProblemCause[] = [
  {
    pattern: /"([^"]*)": not found$|"([^"]*)": no such file or directory$/,
    reason: ([, one, other], _build) =>
      `"${(one ?? other ?? '').replace(/^\//, '')}" is not in the context, stage or image that it copies from`,
    fix: () =>
      'Check the path, the stage or image in --from, and that .dockerignore or .containerignore does not exclude the file.',
  },
  ...programCauses,
];

export const containerfileCauses: readonly ProblemCause[] = [
  {
    pattern: /failed to read dockerfile: open|cannot locate specified dockerfile/i,
    reason: () => 'it is not in the context',
    fix: () => 'Check its path. It must be inside the project folder.',
  },
  {
    pattern:
      /dockerfile .*cannot be empty|(?:dockerfile|file) (?:cannot be empty|with no instructions)|no build stage/i,
    reason: () => 'it is empty',
    fix: () => 'Add at least a FROM line to it.',
  },
  {
    pattern: /target stage "([^"]*)" could not be found|failed to reach build target (\S+)/,
    reason: ([, one, target = one ?? '']) => `it has no stage "${target}"`,
    fix: () => 'Check the names after AS in its FROM lines, or build without a target.',
  },
  {
    pattern: /unexpected key 'env' in 'env=/,
    code: 'engine.unsupported',
    reason: () => 'it mounts a secret with env=, which the BuildKit there is too old for',
    fix: () => 'Use target= and read the file, update the engine on the node, or build on another node.',
  },
  {
    pattern: /parse error (?:on )?line (\d+): unknown instruction: (\S+)/,
    reason: ([, line = '', word = '']) => `"${word}" in line ${line} is not an instruction`,
    fix: () => 'Correct the Containerfile.',
  },
];

const causes = { pull: pullCauses, step: stepCauses, containerfile: containerfileCauses };

/**
 * The problem of a build that BuildKit ended with an error. Its `detail` is BuildKit's unchanged message.
 * @param source the lines that BuildKit names
 */
export function buildProblem(
  { node, kind }: Pick<EngineApi, 'node' | 'kind'>,
  build: EngineBuild,
  output: Pick<BuildKitOutput, 'failedStep' | 'failedImage' | 'lastLines'>,
  error: string,
  source?: SourceLines,
): Failure {
  const { failedStep: step } = output;
  // BuildKit repeats the command of a step, which may contain any text that the patterns look for.
  const message = error.replace(/^process ".*" did not complete/s, 'process did not complete');
  const nodeProblem =
    diskFullProblem(node, kind, message, output.lastLines) ??
    startProblem(node, kind, build, { error: message, lastLines: output.lastLines });
  if (nodeProblem) {
    return nodeProblem;
  }
  const refused = optionProblem(node, kind, message);
  if (refused) {
    return refused;
  }
  const isForeign = isForeignProgram({ error: message, lastLines: output.lastLines });
  const [, frontend] = /^failed to resolve source metadata for (\S+):/.exec(error) ?? [];
  const baseImage = missingBaseImage(error) ?? (frontend && `${frontend} of the line # syntax=`) ?? output.failedImage;
  const failed = { node, engine: kind, build, error, message, step, source, baseImage, isForeign } as const;
  return failedBuildProblem(causes, failed);
}

/** The problem of an option that BuildKit's own configuration decides about, or that its client could not know of. */
function optionProblem(node: string, kind: EngineKind, error: string): Failure | undefined {
  if (/entitlement network\.host is not allowed|network\.host is not allowed/.test(error)) {
    return fail(
      'engine.unsupported',
      `Node ${node}: ${engineNames[kind]} does not allow build steps to use the network of the node.`,
      kind === 'docker'
        ? 'Allow it on the node: set "builder": {"entitlements": {"network-host": true}} in /etc/docker/daemon.json and restart docker. Or choose another network.'
        : 'Allow it on the node: set insecure-entitlements = ["network.host"] in /etc/buildkit/buildkitd.toml and restart buildkitd. Or choose another network.',
      error,
    );
  }
  const [, action, type] = /^(?:failed to .*: )?unknown cache (exporter|importer): "?([\w-]+)/.exec(error) ?? [];
  return type === undefined
    ? undefined
    : fail(
        'engine.unsupported',
        `Node ${node}: ${engineNames[kind]} ${action === 'importer' ? 'reads' : 'writes'} no build cache of the type "${type}".`,
        'Use type=registry, or update the engine on the node.',
        error,
      );
}

/** The image of a FROM or COPY --from that BuildKit could not get. */
function missingBaseImage(error: string): string | undefined {
  const [, name] = /^(\S+): failed to resolve source metadata for /.exec(error) ?? [];
  const [, pulled] = /^failed to (?:copy|load|pull)[^:]*: .*?"?https?:\/\/([^"\s]+)\/v2\//.exec(error) ?? [];
  return name ?? pulled;
}
