import { type Failure, fail } from '../../../shared/problem.ts';
import { diskFullProblem, firstLine } from '../api/engine-api.ts';
import { isForeignProgram, startProblem } from '../container-start.ts';
import { findHereDocument } from '../containerfile-steps.ts';
import type { EngineBuild, EngineStep } from '../engine.ts';
import { ignoringPattern } from '../ignoring-pattern.ts';
import { failedBuildProblem, networkCauses, type ProblemCause, programCauses, shorten } from '../problem-causes.ts';
import type { PodmanBuildOutput } from './build-output.ts';

/** Why a node cannot get a base image. The messages come from containers/image and Go's network packages. */
const pullCauses: readonly ProblemCause[] = [
  {
    pattern: /short-name "([^"]+)" did not resolve/,
    code: 'engine.pull',
    // the last failure of a job is shown with its fix, those before it only with what happened
    reason: ([, name = '']) =>
      `podman there does not know which registry it is in. In Docker Hub, its whole name is ${inDockerHub(name)}`,
    fix: () =>
      'Write the whole name in the Containerfile, or name registries for short names in registries.conf on the node.',
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
    fix: () =>
      'Check its name. If it is private, log in to its registry on this computer with `podman login` or `docker login`.',
  },
  {
    pattern: /image not known/,
    code: 'engine.pull',
    reason: (_, { pull }) =>
      pull === 'never'
        ? 'the node does not have it, and the pull policy forbids pulling it'
        : 'it was removed there, or its name given to another image, while this build was using it',
    fix: (_, { pull }) =>
      pull === 'never'
        ? 'Allow pulling, or pull it on the node first with `podman pull`.'
        : 'Build again when nothing else builds or removes images on the node.',
  },
  ...networkCauses,
];

function inDockerHub(name: string): string {
  return `docker.io/${name.includes('/') ? '' : 'library/'}${name}`;
}

/** Why a step failed before its program ran, or without one. */
const stepCauses: readonly ProblemCause[] = [
  {
    pattern: /checking on sources under "([^"]*)".*stat: \[?"([^"]*)"/,
    reason: ([, root = '', path = ''], build) => missingReason(root, path, build),
    fix: ([, root = '', path = ''], build) => missingFix(root, path, build),
  },
  {
    pattern: /no items matching glob "([^"]*)" copied/,
    reason: ([, glob = ''], build) => missingReason(glob, pathInRoot(glob), build),
    fix: ([, glob = ''], build) => missingFix(glob, pathInRoot(glob), build),
  },
  {
    pattern: /no stage or image found with that name/,
    reason: () => 'no stage or image has that name',
    fix: () => 'Compare the name after --from= with the names after AS in the FROM lines.',
  },
  {
    pattern: /secret should have syntax/,
    code: 'engine.unsupported',
    reason: () => 'podman there does not know this form of the mount of a secret',
    fix: () => 'Use id=, target= and required= only, update podman on the node, or build on another node.',
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
    pattern: /\.in support requires cpp/,
    code: 'engine.unsupported',
    reason: () => 'its name ends in .in, for which podman runs the C preprocessor (cpp), which the node does not have',
    fix: () => 'Install cpp on the node, build on another node, or give the file another name.',
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

/** What `COPY` looks for is missing in the context, or in the stage or image of --from, which podman mounts in a folder "merged". */
function missingReason(root: string, path: string, build: EngineBuild): string {
  const name = path.replace(/^\//, '');
  if (isMounted(root)) {
    return `"${path}" is not in the stage or image that it copies from`;
  }
  const pattern = ignoringPattern(name, build);
  return pattern === undefined
    ? `"${name}" is not in the context`
    : `the ignore file excludes "${name}" by the pattern ${pattern}`;
}

function missingFix(root: string, path: string, build: EngineBuild): string {
  if (isMounted(root)) {
    return 'Check the path and the stage or image in --from.';
  }
  return ignoringPattern(path.replace(/^\//, ''), build) === undefined
    ? 'Check the path, and that .containerignore or .dockerignore does not exclude it.'
    : 'Remove the pattern from the ignore file, or add an exception for the path (!path) below it.';
}

function isMounted(root: string): boolean {
  return /\/merged(?:\/|$)/.test(root);
}

/** The path of a glob in podman's folder for the context, or in a mounted stage. */
function pathInRoot(glob: string): string {
  return glob.replace(/^.*?\/(?:(?:libpod_builder|buildah)\d+\/build|merged)(?=\/)/, '');
}

/**
 * What the Containerfile uses and podman on the node is too old for. It shows when podman reads other instructions than the
 * Containerfile has.
 */
function missingFeature(version: string, build: EngineBuild, output: PodmanBuildOutput, error: string) {
  const { step } = output;
  const hasHereDocument = findHereDocument(build.instructions) !== undefined;
  const readsOtherwise =
    /Unknown instruction/i.test(error) || !step || step.line === undefined || step.name.includes('<<');
  // buildah 1.33
  if (hasHereDocument && isBefore(version, 4, 8) && readsOtherwise) {
    return { name: 'here-documents (<<EOF)', otherwise: 'write the lines as one RUN with &&' };
  }
  const from = step && /^FROM\s/i.test(step.name) ? fromOfLine(build, step.line) : undefined;
  const variable = /\$\{?((?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT))\b/.exec(from ?? '')?.[1];
  if (variable !== undefined && isBefore(version, 5, 0) && /invalid reference format/.test(error)) {
    return { name: `${variable} in FROM`, otherwise: `add the line ARG ${variable} before the first FROM` };
  }
  return undefined;
}

function fromOfLine({ instructions }: EngineBuild, line: number | undefined): string | undefined {
  return instructions.find(({ firstLine }) => firstLine === line)?.text;
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

const causes = { pull: pullCauses, step: stepCauses, containerfile: containerfileCauses };

/**
 * The problem of a build that podman ended with an error. Its `detail` is podman's unchanged message.
 *
 * @param version podman's
 */
export function buildProblem(
  node: string,
  version: string,
  build: EngineBuild,
  output: PodmanBuildOutput,
  error: string,
): Failure {
  const { step, lastLines } = output;
  const nodeProblem =
    diskFullProblem(node, 'podman', error, lastLines.lines) ??
    startProblem(node, 'podman', build, { error, lastLines: lastLines.lines });
  if (nodeProblem) {
    return nodeProblem;
  }
  const feature = missingFeature(version, build, output, error);
  if (feature) {
    return fail(
      'engine.unsupported',
      `Node ${node}: podman ${version} is too old for ${feature.name}.`,
      `Update podman on the node, build on another node, or ${feature.otherwise}.`,
      error,
    );
  }
  const isForeign = isForeignProgram({ error, lastLines: lastLines.lines });
  const baseImage = step && missingBaseImage(step, error);
  const reason = withoutPrefix(error);
  return failedBuildProblem(causes, { node, engine: 'podman', build, error, reason, step, baseImage, isForeign });
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
  const message = error.replace(/^building at STEP ".*?": (?=[^"])/s, '');
  return shorten(
    firstLine(
      message.replaceAll(/[^\s"]*\/(?:libpod_builder|buildah)\d+(?:\/build)?\/?| for container "[0-9a-f]{64}"/g, ''),
    ),
  );
}
