import type { Failure } from '../../../shared/problem.ts';
import { diskFullProblem } from '../api/engine-api.ts';
import type { BuildKitOutput } from '../buildkit/build-output.ts';
import { isForeignProgram, startProblem } from '../container-start.ts';
import type { EngineBuild } from '../engine.ts';
import { failedBuildProblem, networkCauses, type ProblemCause, programCauses } from '../problem-causes.ts';

/** Why a node cannot get a base image. The messages come from containerd and BuildKit. */
const pullCauses: readonly ProblemCause[] = [
  {
    pattern: /no match for platform in manifest|does not match the specified platform|no matching manifest/i,
    reason: (_, { platform }) => `it is not available for ${platform}`,
    fix: (_, { platform }) =>
      `Choose a base image that supports ${platform}, or remove ${platform} from the platforms of the build.`,
  },
  {
    pattern:
      /pull access denied|insufficient_scope|unauthorized|authentication required|denied:|403 Forbidden|failed to authorize|no active sessions/i,
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

const containerfileCauses: readonly ProblemCause[] = [
  {
    pattern: /failed to read dockerfile: open/,
    reason: () => 'it is not in the context',
    fix: () => 'Check its path. It must be inside the project folder.',
  },
  {
    pattern: /(?:dockerfile|file) (?:cannot be empty|with no instructions)|no build stage/i,
    reason: () => 'it is empty',
    fix: () => 'Add at least a FROM line to it.',
  },
  {
    pattern: /target stage "([^"]*)" could not be found/,
    reason: ([, target = '']) => `it has no stage "${target}"`,
    fix: () => 'Check the names after AS in its FROM lines, or build without a target.',
  },
  {
    pattern: /parse error on line (\d+): unknown instruction: (\S+)/,
    reason: ([, line = '', word = '']) => `"${word}" in line ${line} is not an instruction`,
    fix: () => 'Correct the Containerfile.',
  },
];

const causes = { pull: pullCauses, step: stepCauses, containerfile: containerfileCauses };

/** The problem of a build that docker ended with an error. Its `detail` is docker's unchanged message. */
export function buildProblem(
  node: string,
  build: EngineBuild,
  output: Pick<BuildKitOutput, 'failedStep' | 'lastLines'>,
  error: string,
): Failure {
  const { failedStep: step } = output;
  // BuildKit repeats the command of a step, which may contain any text that the patterns look for.
  const message = error.replace(/^process ".*" did not complete/s, 'process did not complete');
  const nodeProblem =
    diskFullProblem(node, 'docker', message) ??
    startProblem(node, 'docker', build, { error: message, lastLines: output.lastLines });
  if (nodeProblem) {
    return nodeProblem;
  }
  const isForeign = isForeignProgram({ error: message, lastLines: output.lastLines });
  const baseImage = missingBaseImage(error);
  return failedBuildProblem(causes, { node, engine: 'docker', build, error, message, step, baseImage, isForeign });
}

/** The image of a FROM or COPY --from that docker could not get. */
function missingBaseImage(error: string): string | undefined {
  const [, name] = /^(\S+): failed to resolve source metadata for /.exec(error) ?? [];
  const [, pulled] = /^failed to (?:copy|load|pull)[^:]*: .*?"?https?:\/\/([^"\s]+)\/v2\//.exec(error) ?? [];
  return name ?? pulled;
}
