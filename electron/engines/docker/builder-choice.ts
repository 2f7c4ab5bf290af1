/** Which of its two builders a docker is asked to build with. */
import { Failure } from '../../../shared/problem.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { openBuildKitStream } from './buildkit-stream.ts';

/** Milliseconds for a docker or a proxy in front of it to accept or refuse a connection to BuildKit. */
const connectTimeoutMs = 30_000;

/** Why the classic builder builds: the end of a sentence about docker, and what brings BuildKit back. */
export interface ClassicReason {
  readonly because: string;
  readonly fix: string;
}

export type BuilderChoice =
  | { readonly kind: 'buildkit' }
  | { readonly kind: 'classic'; readonly reason: ClassicReason };

const reasons = {
  old: { because: 'it is older than 18.09', fix: 'Update docker on the node to 18.09 or newer.' },
  off: {
    because: 'BuildKit is off in its configuration',
    fix: 'Turn on BuildKit on the node: set "features": {"buildkit": true} in /etc/docker/daemon.json and restart docker.',
  },
  refused: {
    because: 'its socket refuses connections to BuildKit',
    fix: 'Let what is between the socket and docker pass on POST /grpc.',
  },
  chosen: {
    because: 'DOCKER_BUILDKIT is 0 on this computer',
    fix: 'Unset DOCKER_BUILDKIT on this computer and start Barnraiser again.',
  },
} satisfies Record<string, ClassicReason>;

/** What a docker says of its builders in its response to `_ping`. */
export interface BuilderFacts {
  /** Its API has BuildKit (docker 18.09). */
  readonly hasBuildKit: boolean;
  /** `2` for BuildKit, `1` for the classic builder. docker before 23 says nothing unless it is configured. */
  readonly builderVersion: string | undefined;
}

/**
 * Chooses as docker's client does: by `DOCKER_BUILDKIT`, then by what docker says. A docker that says nothing builds with BuildKit if
 * it can be reached: before docker 23, that only shows that it was not turned off.
 * @param choice the value of `DOCKER_BUILDKIT`
 */
export async function chooseBuilder(
  docker: EngineApi,
  { hasBuildKit, builderVersion }: BuilderFacts,
  choice = process.env.DOCKER_BUILDKIT,
): Promise<BuilderChoice> {
  const isOff = builderVersion === '1' && !isTrue(choice);
  const reason = !hasBuildKit
    ? reasons.old
    : isFalse(choice)
      ? reasons.chosen
      : isOff
        ? reasons.off
        : (await isBuildKitRefused(docker))
          ? reasons.refused
          : undefined;
  return reason ? { kind: 'classic', reason } : { kind: 'buildkit' };
}

/** As Go reads boolean values. */
function isTrue(value: string | undefined): boolean {
  return /^(?:1|t|true)$/i.test(value ?? '');
}

function isFalse(value: string | undefined): boolean {
  return /^(?:0|f|false)$/i.test(value ?? '');
}

/** A node that is lost or has no channel left has not refused anything. */
async function isBuildKitRefused(docker: EngineApi): Promise<boolean> {
  try {
    const stream = await openBuildKitStream(docker, AbortSignal.timeout(connectTimeoutMs));
    stream.destroy();
    return false;
  } catch (error) {
    const code = error instanceof Failure ? error.problem.code : undefined;
    return code === 'engine.refused' || (code === 'engine.unreachable' && !docker.transport.lost.aborted);
  }
}
