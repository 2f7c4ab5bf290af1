/** Steps that failed because their node cannot start containers: another node may succeed. */
import type { EngineKind } from '../../shared/node.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import type { EngineBuild } from './engine.ts';
import { findCause, type ProblemCause } from './problem-causes.ts';

/** What a node lacks. The messages come from runc, crun, buildah, containers/storage and BuildKit. */
const causes: readonly ProblemCause[] = [
  {
    pattern:
      /\b(?:newuidmap|newgidmap|subuid|subgid)\b|not enough (?:unused )?IDs|insufficient UIDs or GIDs|potentially insufficient/i,
    reason: () => 'its user has no range of ids for containers without root',
    fix: () =>
      'Install newuidmap on the node (package uidmap or shadow-utils), give the user ranges in /etc/subuid and /etc/subgid, and run `podman system migrate`.',
  },
  {
    pattern:
      /fuse-overlayfs|fuse: device not found|is not supported over \w+|(?:kernel does not|does not) support overlay/i,
    reason: () => 'its image storage cannot be mounted',
    fix: () => 'Install fuse-overlayfs on the node, and check that /dev/fuse exists there.',
  },
  {
    pattern:
      /\b(runc|crun|youki|conmon|netavark|aardvark-dns|slirp4netns|pasta|iptables|nft)\b[^\n]{0,200}(?:executable file not found|not found in \$PATH|no such file or directory|: not found)|(?:could not find|no valid executable found for|unable to (?:find|locate))[^\n]{0,80}\b(runc|crun|youki|conmon|netavark|aardvark-dns|slirp4netns|pasta|OCI runtime)\b/i,
    reason: ([, one, other]) => `it lacks ${one ?? other ?? 'a program'}`,
    fix: ([, one, other], _build, engine) => {
      const program = one ?? other ?? '';
      return program === 'OCI runtime' || program === ''
        ? `Install ${engine === 'podman' ? 'crun or runc' : 'runc'} on the node.`
        : `Install ${program} on the node.`;
    },
  },
  {
    pattern: /cgroup/i,
    reason: () => 'its container runtime does not work with its cgroups',
    fix: (_match, _build, engine) =>
      engine === 'podman'
        ? 'Start the node with cgroups v2 (the kernel option `systemd.unified_cgroup_hierarchy=1`), or set `runtime = "runc"` in its containers.conf.'
        : 'Start the node with cgroups v2 (the kernel option `systemd.unified_cgroup_hierarchy=1`), and update runc on it.',
  },
];

/** The fault is in the image or the Containerfile: the program, its folder or its user does not exist there. */
const imageFaults =
  /exec format error|executable file[^\n]{0,300}not found|exec: "|(?:open|stat|exec)[^\n]{0,300}: (?:no such file or directory|permission denied)|\bchdir\b|\bcwd\b|unable to find (?:user|group)|not a directory/i;

/** The message of a runtime that could not start a container, as engines repeat it. */
const startPatterns: readonly RegExp[] = [
  /\bfrom \S+ creating container for \[[^\n]*?\]: ([\s\S]+)/,
  /\bOCI runtime (?:create failed|error): ([\s\S]+)/,
  /\b(?:runc|crun)(?: \w+)? failed: ([\s\S]+)/,
  /\brunc did not terminate success?fully: ([\s\S]+)/,
];

/** How a runtime says that the kernel cannot run the program of a step. */
const foreignProgram =
  /(?:^|: )(?:exec container process |exec |\S*\.go:\d+: exec user process caused:? )[^\n]*exec format error/im;

/** What a failed step looks like to an engine. */
export interface FailedStart {
  /** The engine's message. */
  readonly error: string;
  /** The last lines that the step printed, oldest first. podman prints there why a container did not start. */
  readonly lastLines: readonly string[];
}

/** The problem of a node that could not start a step's container; undefined if the step itself failed. */
export function startProblem(
  node: string,
  engine: EngineKind,
  build: EngineBuild,
  { error, lastLines }: FailedStart,
): Failure | undefined {
  const printed = lastLines.join('\n');
  if (build.isEmulated && isForeignProgram({ error, lastLines })) {
    return fail(
      'engine.runtime',
      `Node ${node} cannot run programs for ${build.platform}: its emulator does not work in containers.`,
      `Install qemu-user-static on the node, or register its handler again. If only this build fails, check that the files copied into the image are built for ${build.platform}.`,
      printed === '' ? error : `${error}\n${printed}`,
    );
  }
  const message =
    startMessage(error) ?? startMessage(printed.slice(Math.max(0, printed.lastIndexOf('error running container: '))));
  const isCopy = /\bcopier: |no items matching glob/.test(error);
  const cause = findCause(causes, message ?? (isCopy ? '' : withoutCommand(error)), build, engine);
  if (!cause && (message === undefined || imageFaults.test(message))) {
    return undefined;
  }
  return fail(
    'engine.runtime',
    `Node ${node} cannot start containers: ${cause?.reason ?? sanitizeLine(message ?? error, 120)}.`,
    cause?.fix ??
      (engine === 'buildkit'
        ? 'Check the log of buildkitd on the node: `journalctl -u buildkit`.'
        : `Check ${engine} on the node: \`${engine} run --rm IMAGE true\` with any image.`),
    message ?? error,
  );
}

/** Could the kernel not run the program of a step, because it is built for another platform? */
export function isForeignProgram({ error, lastLines }: FailedStart): boolean {
  return foreignProgram.test(error) || foreignProgram.test(lastLines.join('\n'));
}

function startMessage(text: string): string | undefined {
  for (const pattern of startPatterns) {
    const message = pattern
      .exec(text)?.[1]
      ?.replace(/\s*: exit status \d+\s*$/, '')
      .trim();
    if (message) {
      return message;
    }
  }
  return undefined;
}

/** An engine's message without the instruction that it repeats, which may contain any words. */
function withoutCommand(error: string): string {
  return error
    .replace(/^building at STEP "[\s\S]*?": (?=[^"])/, '')
    .replace(/^process "[\s\S]*" did not complete/, 'process');
}
