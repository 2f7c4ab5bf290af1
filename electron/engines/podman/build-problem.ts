import { type Failure, fail } from '../../../shared/problem.ts';
import { diskFullProblem, firstLine } from '../api/engine-api.ts';
import type { EngineBuild, EngineStep } from '../engine.ts';
import {
  describeStep,
  findCause,
  networkCauses,
  type ProblemCause,
  programCauses,
  shorten,
} from '../problem-causes.ts';
import type { PodmanBuildOutput } from './build-output.ts';

/** Why a node cannot get a base image. The messages come from containers/image and Go's network packages. */
const pullCauses: readonly ProblemCause[] = [
  {
    pattern: /short-name "([^"]+)" did not resolve/,
    reason: () => 'podman does not know which registry to pull it from',
    fix: ([, name = '']) => `Write its full name in the Containerfile, for example docker.io/library/${name}.`,
  },
  {
    pattern: /no image found in (?:manifest list|image index) for architecture/i,
    reason: (_, { platform }) => `it is not available for ${platform}`,
    fix: (_, { platform }) =>
      `Choose a base image that supports ${platform}, or remove ${platform} from the platforms of the build.`,
  },
  {
    pattern: /manifest unknown|name unknown|repository \S+ not found|not found: manifest/i,
    reason: () => 'the registry does not have it',
    fix: () => 'Check its name and tag in the Containerfile.',
  },
  {
    pattern: /unauthorized|authentication required|access to the resource is denied|denied:/i,
    reason: () => 'the registry denies access to it or does not have it',
    fix: () => 'Check its name, and log in to the registry on the node with `podman login`.',
  },
  {
    pattern: /image not known/,
    reason: () => 'the node does not have it, and the pull policy forbids pulling it',
    fix: () => 'Allow pulling, or pull it on the node first with `podman pull`.',
  },
  ...networkCauses,
];

/** Why a step failed before its program ran, or without one. */
const stepCauses: readonly ProblemCause[] = [
  {
    pattern: /checking on sources under "([^"]*)".*stat: "([^"]*)": no such file or directory/,
    // podman mounts the stage or image of --from in a folder named "merged".
    reason: ([, root = '', path = '']) =>
      root.endsWith('/merged')
        ? `"${path}" is not in the stage or image that it copies from`
        : `"${path}" is not in the context`,
    fix: ([, root = '']) =>
      root.endsWith('/merged')
        ? 'Check the path and the stage or image in --from.'
        : 'Check the path, and that .containerignore or .dockerignore does not exclude it.',
  },
  {
    pattern: /no stage or image found with that name/,
    reason: () => 'no stage or image has that name',
    fix: () => 'Compare the name after --from= with the names after AS in the FROM lines.',
  },
  {
    pattern: /Unknown instruction: "([^"]*)"/,
    reason: ([, word = '']) => `"${word}" is not an instruction`,
    fix: () => 'Correct the Containerfile.',
  },
  ...programCauses,
];

const containerfileCauses: readonly ProblemCause[] = [
  {
    pattern: /^stat \S*: no such file or directory/,
    reason: () => 'it is not in the context',
    fix: () => 'Check its path. It must be inside the project folder.',
  },
  {
    pattern: /^no contents in /,
    reason: () => 'it is empty',
    fix: () => 'Add at least a FROM line to it.',
  },
  {
    pattern: /^The target "([^"]*)" was not found/,
    reason: ([, target = '']) => `it has no stage "${target}"`,
    fix: () => 'Check the names after AS in its FROM lines, or build without a target.',
  },
];

/** The problem of a build that podman ended with an error. Its `detail` is podman's unchanged message. */
export function buildProblem(node: string, build: EngineBuild, output: PodmanBuildOutput, error: string): Failure {
  const diskFull = diskFullProblem(node, 'podman', error);
  if (diskFull) {
    return diskFull;
  }
  const { step } = output;
  if (!step) {
    const cause = findCause(containerfileCauses, error, build, 'podman');
    return fail(
      'build.failed',
      `Node ${node}: podman cannot use ${build.file}: ${cause?.reason ?? firstLine(error)}.`,
      cause?.fix ?? `Correct ${build.file}.`,
      error,
    );
  }
  const baseImage = missingBaseImage(step, error);
  if (baseImage !== undefined) {
    const cause = findCause(pullCauses, error, build, 'podman');
    return fail(
      'build.failed',
      `Node ${node}: cannot get the base image ${baseImage}: ${cause?.reason ?? firstLine(error)}.`,
      cause?.fix ?? `Try \`podman pull ${baseImage}\` on the node.`,
      error,
    );
  }
  const cause = findCause(stepCauses, error, build, 'podman');
  const isUnsupportedHereDocument = output.hasHereDocument && /Unknown instruction/.test(error);
  return fail(
    'build.failed',
    `Node ${node}: ${describeStep(step)} failed: ${shorten(step.name)} (${cause?.reason ?? withoutPrefix(error)}).`,
    isUnsupportedHereDocument
      ? 'podman on the node is too old for here-documents (<<EOF). Update it, or write the lines as one RUN with &&.'
      : (cause?.fix ?? 'Read the last lines of its log, correct the step, and build again.'),
    error,
  );
}

/** The problem of a build that podman refused because of its context; undefined for other refusals. */
export function contextProblem(node: string, message: string): Failure | undefined {
  // The message comes from containers/storage, pkg/archive. Its path is that of the unpacked context.
  const match = /invalid (?:symlink|hardlink) "(?:[^"]*\/build\/)?([^"]*)" -> "([^"]*)"/.exec(message);
  return match
    ? fail(
        'context.unreadable',
        `Node ${node}: podman refuses the context because the link ${match[1]} points out of it, to ${match[2]}.`,
        'Remove the link or add it to .containerignore. If the build needs the files, copy them into the project folder.',
        message,
      )
    : undefined;
}

/** The base image that podman could not get. podman pulls at a FROM, and at a COPY --from that names an image. */
function missingBaseImage(step: EngineStep, error: string): string | undefined {
  const from = /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(step.name)?.[1];
  if (from !== undefined) {
    return /^creating build container:/.test(error) ? from : undefined;
  }
  const copied = /--from=(\S+)/.exec(step.name)?.[1];
  return copied !== undefined && /initializing source |short-name "/.test(error) ? copied : undefined;
}

/** podman's error message without the step, which it repeats. */
function withoutPrefix(error: string): string {
  return shorten(firstLine(error.replace(/^building at STEP ".*?": (?=[^"])/s, '')));
}
