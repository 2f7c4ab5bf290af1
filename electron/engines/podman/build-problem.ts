import { type Failure, fail } from '../../../shared/problem.ts';
import { type Cause, explain, networkCauses, programCauses, shortened, stepName } from '../build-problem.ts';
import type { EngineBuild } from '../engine.ts';
import { firstLine, outOfSpace } from '../engine-api.ts';
import type { BuildOutput, PodmanStep } from './build-output.ts';

/** What keeps a node from getting a base image. The words are those of containers/image and of Go's network packages. */
const pullCauses: readonly Cause[] = [
  {
    pattern: /short-name "([^"]+)" did not resolve/,
    reason: () => 'podman there does not know which registry it comes from',
    fix: ([, name = '']) => `Write its full name in the Containerfile, as in docker.io/library/${name}.`,
  },
  {
    pattern: /no image found in (?:manifest list|image index) for architecture/i,
    reason: (_, { platform }) => `it does not exist for ${platform}`,
    fix: (_, { platform }) => `Choose a base image that is made for ${platform}, or leave this platform out.`,
  },
  {
    pattern: /manifest unknown|name unknown|repository \S+ not found|not found: manifest/i,
    reason: () => 'its registry does not have it',
    fix: () => 'Check its name and tag in the Containerfile.',
  },
  {
    pattern: /unauthorized|authentication required|access to the resource is denied|denied:/i,
    reason: () => 'its registry does not give it to this node, or does not have it',
    fix: () => 'Check its name, and log in to the registry on the node with `podman login`.',
  },
  {
    pattern: /image not known/,
    reason: () => 'the node does not have it and may not pull it',
    fix: () => 'Allow pulling, or bring the image there first with `podman pull`.',
  },
  ...networkCauses,
];

/** Why a step fails before or beside the program that it runs. */
const stepCauses: readonly Cause[] = [
  {
    pattern: /checking on sources under "([^"]*)".*stat: "([^"]*)": no such file or directory/,
    reason: ([, root = '', path = '']) =>
      root.endsWith('/merged') ? `"${path}" is not in what it copies from` : `"${path}" is not in the context`,
    fix: ([, root = '']) =>
      root.endsWith('/merged')
        ? 'Check the path and the stage or image in --from.'
        : 'Check the path, and that no line of .containerignore or .dockerignore leaves it out.',
  },
  {
    pattern: /no stage or image found with that name/,
    reason: () => 'no stage and no image has that name',
    fix: () => 'Check the name after --from= against the names after AS in the FROM lines.',
  },
  {
    pattern: /Unknown instruction: "([^"]*)"/,
    reason: ([, word = '']) => `${word} is no instruction`,
    fix: () => 'Correct the Containerfile.',
  },
  ...programCauses,
];

const containerfileCauses: readonly Cause[] = [
  {
    pattern: /^stat \S*: no such file or directory/,
    reason: () => 'it is not in the context',
    fix: () => 'Check its path, and that it lies inside the project folder.',
  },
  {
    pattern: /^no contents in /,
    reason: () => 'it is empty',
    fix: () => 'Write at least a FROM line into it.',
  },
  {
    pattern: /^The target "([^"]*)" was not found/,
    reason: ([, target = '']) => `it has no stage ${target}`,
    fix: () => 'Check the name after AS in its FROM lines, or build without a target.',
  },
];

/** podman's failure of a build as people are told it. `detail` holds podman's own words. */
export function buildProblem(node: string, build: EngineBuild, output: BuildOutput, error: string): Failure {
  const full = outOfSpace(node, 'podman', error);
  if (full) {
    return full;
  }
  const { step } = output;
  if (!step) {
    const known = explain(containerfileCauses, error, build, 'podman');
    return fail(
      'build.failed',
      `Node ${node}: podman cannot use ${build.file}: ${known?.reason ?? firstLine(error)}.`,
      known?.fix ?? `Correct ${build.file}.`,
      error,
    );
  }
  const base = baseImage(step, error);
  if (base !== undefined) {
    const known = explain(pullCauses, error, build, 'podman');
    return fail(
      'build.failed',
      `Node ${node}: cannot get the base image ${base}: ${known?.reason ?? firstLine(error)}.`,
      known?.fix ?? `Try \`podman pull ${base}\` on the node.`,
      error,
    );
  }
  const known = explain(stepCauses, error, build, 'podman');
  const hereDocument = output.hereDocument && /Unknown instruction/.test(error);
  return fail(
    'build.failed',
    `Node ${node}: ${stepName(step)} failed: ${shortened(step.text)} (${known?.reason ?? withoutPrefix(error)}).`,
    hereDocument
      ? 'podman on the node is too old for here-documents (<<EOF): update it, or write the lines as one RUN with &&.'
      : (known?.fix ?? 'Read the last lines of its log, correct the step, and build again.'),
    error,
  );
}

/** podman's refusal to begin a build, where its reason is in what it was sent; undefined for every other. */
export function contextProblem(node: string, message: string): Failure | undefined {
  // the words are those of containers/storage, pkg/archive; the path is that of the unpacked context
  const match = /invalid (?:symlink|hardlink) "(?:[^"]*\/build\/)?([^"]*)" -> "([^"]*)"/.exec(message);
  return match
    ? fail(
        'context.unreadable',
        `Node ${node}: podman takes no context in which a link leads out of it, as ${match[1]} does, to ${match[2]}.`,
        'Remove the link or add it to .containerignore, and copy what it leads to into the project folder if the build needs it.',
        message,
      )
    : undefined;
}

/** The base image that could not be had. podman pulls one when it comes to the FROM, and for a COPY --from of an image. */
function baseImage(step: PodmanStep, error: string): string | undefined {
  const from = /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(step.text)?.[1];
  if (from !== undefined) {
    return /^creating build container:/.test(error) ? from : undefined;
  }
  const copied = /--from=(\S+)/.exec(step.text)?.[1];
  return copied !== undefined && /initializing source |short-name "/.test(error) ? copied : undefined;
}

/** podman's words without the step that it repeats. */
function withoutPrefix(error: string): string {
  return shortened(firstLine(error.replace(/^building at STEP ".*?": (?=[^"])/s, '')));
}
