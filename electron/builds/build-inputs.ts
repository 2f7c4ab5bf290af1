import type { Build, Job } from '../../shared/build.ts';
import type { SecretInputs } from '../../shared/build-secrets.ts';
import type { Digest } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import type { ProxyVariables } from '../../shared/proxy-variables.ts';
import type { Credentials } from '../../shared/push.ts';

/** Images that a build does not make. */
export interface ExistingImages {
  /** One for each: see `Job.foundIn`. */
  readonly jobs: readonly Job[];
  /** Of the list in the registry, if some are only there. */
  readonly digest?: Digest;
}

/**
 * What a build needs once, in addition to its request. The request says what the build is and is kept; these are not kept:
 * records have only ids of them.
 */
export interface BuildInputs {
  /**
   * An incomplete build whose finished images the build has, too. Kept as `reusedFrom` of these jobs. With `resumes`, it is this
   * build that goes on.
   */
  readonly retried?: {
    readonly build: Build;
    readonly finished: readonly Job[];
    readonly resumes?: boolean;
    /** Platforms that are built again although they are done. */
    readonly again?: readonly Platform[] | undefined;
  };
  /** What was there already. */
  readonly existing?: ExistingImages;
  /** Values of secrets, and whose SSH agent is forwarded. */
  readonly given?: SecretInputs;
  /** The proxies of who starts the build, if it is to use them. Without them: those of this process. */
  readonly proxyVariables?: ProxyVariables | undefined;
  /** Used for the push of the build only. Without it: the saved logins of podman and docker. */
  readonly pushCredentials?: Credentials | undefined;
  /** The file with what was read from standard input, for the context `-`. */
  readonly contextInput?: string | undefined;
}

/** The jobs that a build does not have to run. */
export function finishedJobs({ retried, existing }: BuildInputs): readonly Job[] {
  return [...(retried?.finished ?? []), ...(existing?.jobs ?? [])];
}

/** A finished job of an earlier build as a job of a build that has its image. */
export function reusedJob(build: Build, job: Job): Job {
  if (job.foundIn) {
    return job;
  }
  const { platform, node, mode, reason, transfer, digest, size, mismatch } = job;
  return {
    platform,
    node,
    mode,
    reason,
    status: 'done',
    steps: [],
    bytesSent: 0,
    bytesReceived: 0,
    durationMs: 0,
    ...(transfer === undefined ? {} : { transfer }),
    ...(digest === undefined ? {} : { digest }),
    ...(size === undefined ? {} : { size }),
    ...(mismatch === undefined ? {} : { mismatch }),
    // the build that made it has its log
    reusedFrom: job.reusedFrom ?? build.id,
    lost: [],
  };
}
