import type { EngineKind } from '../../shared/node.ts';
import type { EngineBuild, StepPlace } from './engine.ts';

/** Why a build fails, and what helps. */
export interface Cause {
  readonly pattern: RegExp;
  /** What has happened, in place of the engine's words. */
  readonly reason: (match: RegExpExecArray, build: EngineBuild, engine: EngineKind) => string;
  readonly fix: (match: RegExpExecArray, build: EngineBuild, engine: EngineKind) => string;
}

/** What keeps a node from a registry, whatever its engine. The words are those of Go's network packages. */
export const networkCauses: readonly Cause[] = [
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    reason: () => 'its registry limits how much this node may pull',
    fix: (_match, _build, engine) => `Wait, or log in to the registry on the node with \`${engine} login\`.`,
  },
  {
    pattern: /x509:|certificate|server gave HTTP response to HTTPS client/i,
    reason: () => "the node does not trust its registry's certificate",
    fix: (_match, _build, engine) =>
      engine === 'podman'
        ? "Install the registry's certificate on the node in /etc/containers/certs.d, or name it as insecure in registries.conf."
        : "Install the registry's certificate on the node in /etc/docker/certs.d, or name it in insecure-registries of /etc/docker/daemon.json.",
  },
  {
    pattern:
      /no such host|connection refused|i\/o timeout|network is unreachable|no route to host|TLS handshake timeout|deadline exceeded|connection reset|EOF/,
    reason: () => 'the node cannot reach its registry',
    fix: () => "Check the node's network, name server and proxy, or bring the image there first.",
  },
];

/** Why a step fails whose program has run, or could not. */
export const programCauses: readonly Cause[] = [
  {
    pattern: /exec format error/,
    reason: () => 'its program is for another platform',
    fix: (_, { platform }) =>
      `Check that the files which are copied into the image are made for ${platform}; a node that emulates it needs its qemu handler.`,
  },
  {
    pattern: /exit (?:status|code:) 137\b|signal: killed/,
    reason: () => 'killed, exit status 137',
    fix: () =>
      'The node most likely ran out of memory: `dmesg` on it says so. Give the step less to do at once, or the node more memory.',
  },
  {
    pattern: /exit (?:status|code:) 127\b/,
    reason: () => 'exit status 127, command not found',
    fix: () => 'Check that the command is installed in the image by an earlier step or by its base image.',
  },
  {
    pattern: /exit (?:status|code:) (\d+)/,
    reason: ([, status = '']) => `exit status ${status}`,
    fix: () => 'Read the last lines of its log, correct the step, and build again.',
  },
];

/** The reason and the fix of the first cause that an engine's words speak of. */
export function explain(causes: readonly Cause[], error: string, build: EngineBuild, engine: EngineKind) {
  for (const { pattern, reason, fix } of causes) {
    const match = pattern.exec(error);
    if (match) {
      return { reason: reason(match, build, engine), fix: fix(match, build, engine) };
    }
  }
  return undefined;
}

export function stepName({ index, total, stage }: StepPlace & { readonly total: number }): string {
  return `step ${index} of ${total}${stage === undefined ? '' : ` in stage ${stage.replace('/', ' of ')}`}`;
}

/** One line of at most 120 characters. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
