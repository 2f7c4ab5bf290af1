import { type Failure, fail } from '../../../shared/problem.ts';
import { type Cause, explain, networkCauses, programCauses, shortened, stepName } from '../build-problem.ts';
import type { EngineBuild } from '../engine.ts';
import { firstLine, outOfSpace } from '../engine-api.ts';
import type { DockerOutput } from './build-output.ts';

/** What keeps a node from getting a base image, in the words of containerd and BuildKit. */
const pullCauses: readonly Cause[] = [
  {
    pattern: /no match for platform in manifest|does not match the specified platform|no matching manifest/i,
    reason: (_, { platform }) => `it does not exist for ${platform}`,
    fix: (_, { platform }) => `Choose a base image that is made for ${platform}, or leave this platform out.`,
  },
  {
    pattern: /pull access denied|insufficient_scope|unauthorized|authentication required|denied:|403 Forbidden/i,
    reason: () => 'its registry does not give it to this node, or does not have it',
    fix: () => 'Check its name; if it is private, pull it on the node first with `docker login` and `docker pull`.',
  },
  ...networkCauses,
  {
    pattern: /not found/,
    reason: () => 'its registry does not have it',
    fix: () => 'Check its name and tag in the Containerfile.',
  },
];

const stepCauses: readonly Cause[] = [
  {
    pattern: /"([^"]*)": not found$|"([^"]*)": no such file or directory$/,
    reason: ([, one, other], _build) => `"${(one ?? other ?? '').replace(/^\//, '')}" is not in what it copies from`,
    fix: () =>
      'Check the path, that no line of .dockerignore or .containerignore leaves it out, and the stage or image in --from.',
  },
  ...programCauses,
];

const containerfileCauses: readonly Cause[] = [
  {
    pattern: /failed to read dockerfile: open/,
    reason: () => 'it is not in the context',
    fix: () => 'Check its path, and that it lies inside the project folder.',
  },
  {
    pattern: /(?:dockerfile|file) (?:cannot be empty|with no instructions)|no build stage/i,
    reason: () => 'it is empty',
    fix: () => 'Write at least a FROM line into it.',
  },
  {
    pattern: /target stage "([^"]*)" could not be found/,
    reason: ([, target = '']) => `it has no stage ${target}`,
    fix: () => 'Check the name after AS in its FROM lines, or build without a target.',
  },
  {
    pattern: /parse error on line (\d+): unknown instruction: (\S+)/,
    reason: ([, line = '', word = '']) => `${word} in line ${line} is no instruction`,
    fix: () => 'Correct the Containerfile.',
  },
];

/** docker's failure of a build as people are told it. `detail` holds docker's own words. */
export function dockerProblem(node: string, build: EngineBuild, output: DockerOutput, error: string): Failure {
  const { failedStep: step } = output;
  // BuildKit repeats the command of a step, in which anything may stand
  const said = error.replace(/^process ".*" did not complete/s, 'process did not complete');
  const full = outOfSpace(node, 'docker', said);
  if (full) {
    return full;
  }
  const base = baseImage(error);
  if (base !== undefined) {
    const known = explain(pullCauses, error, build, 'docker');
    return fail(
      'build.failed',
      `Node ${node}: cannot get the base image ${base}: ${known?.reason ?? firstLine(error)}.`,
      known?.fix ?? `Try \`docker pull ${base}\` on the node.`,
      error,
    );
  }
  if (step) {
    const known = explain(stepCauses, said, build, 'docker');
    return fail(
      'build.failed',
      `Node ${node}: ${stepName(step)} failed: ${shortened(step.text)} (${known?.reason ?? shortened(firstLine(said))}).`,
      known?.fix ?? 'Read the last lines of its log, correct the step, and build again.',
      error,
    );
  }
  const known = explain(containerfileCauses, error, build, 'docker');
  return fail(
    'build.failed',
    `Node ${node}: docker cannot use ${build.file}: ${known?.reason ?? shortened(firstLine(error))}.`,
    known?.fix ?? `Correct ${build.file}.`,
    error,
  );
}

/** The image that a FROM or a COPY --from names and that could not be had. */
function baseImage(error: string): string | undefined {
  const [, name] = /^(\S+): failed to resolve source metadata for /.exec(error) ?? [];
  const [, pulled] = /^failed to (?:copy|load|pull)[^:]*: .*?"?https?:\/\/([^"\s]+)\/v2\//.exec(error) ?? [];
  return name ?? pulled;
}
