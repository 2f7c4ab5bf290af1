import { randomUUID } from 'node:crypto';
import type { RemoteCache } from '../../../shared/remote-cache.ts';
import type { BuildKitClient } from './client.ts';
import type { StatusResponse } from './proto/control_pb.ts';

/** Milliseconds that BuildKit gets to end a build that was cancelled or has failed, and to say more of one that is done. */
const endTimeoutMs = 20_000;

/** The same for a build of which nothing was heard: BuildKit waits for one that it does not know. */
const unknownTimeoutMs = 1_000;

export interface SolveOptions {
  /** The id of an open session. */
  readonly session: string;
  /** The attributes of the frontend `dockerfile.v0`. */
  readonly frontendAttrs: Readonly<Record<string, string>>;
  readonly exporter: string;
  readonly exporterAttrs: Readonly<Record<string, string>>;
  /** Caches outside of the node. */
  readonly cache?: { readonly imports: readonly RemoteCache[]; readonly exports: readonly RemoteCache[] };
  readonly entitlements?: readonly string[];
  /** BuildKit's own history of builds is not to know this one. */
  readonly isUnrecorded: boolean;
  readonly onStatus: (status: StatusResponse) => void;
  /** Asked between status updates: resolves when more output can be taken. */
  readonly outputReady?: (() => Promise<void> | undefined) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Builds, and resolves with the response of the exporter when all status updates were read. When the signal aborts, it rejects
 * when BuildKit has ended the build: then the status updates end.
 * @throws ConnectError with BuildKit's error
 */
export async function solve(
  { control }: BuildKitClient,
  { onStatus, outputReady, signal, isUnrecorded, cache, entitlements = [], ...options }: SolveOptions,
): Promise<Readonly<Record<string, string>>> {
  const ref = randomUUID();
  const watching = new AbortController();
  const solving = control.solve(
    {
      ...options,
      ref,
      frontend: 'dockerfile.v0',
      ...(cache ? { cache: { imports: cache.imports.map(entry), exports: cache.exports.map(entry) } } : {}),
      entitlements: [...entitlements],
      internal: isUnrecorded,
    },
    { signal },
  );
  let timer: NodeJS.Timeout | undefined;
  let hasBegun = false;
  let isDone = false;
  const stopWatching = (): void => watching.abort();
  const limitWait = (): void => {
    timer ??= setTimeout(() => {
      timer = setTimeout(stopWatching, hasBegun ? endTimeoutMs : 0);
    }, unknownTimeoutMs);
  };
  const limitSilence = (): void => {
    clearTimeout(timer);
    timer = setTimeout(stopWatching, endTimeoutMs);
  };
  signal.addEventListener('abort', limitWait, { once: true });
  solving.then(() => {
    isDone = true;
    limitSilence();
  }, limitWait);
  const watch = async (): Promise<void> => {
    for await (const status of control.status({ ref }, { signal: watching.signal })) {
      hasBegun = true;
      onStatus(status);
      await outputReady?.();
      if (isDone) {
        limitSilence();
      }
    }
  };
  try {
    const watched = watch();
    await Promise.allSettled([solving, watched]);
    // BuildKit's error tells more than that of the updates
    const { exporterResponse } = await solving;
    if (watching.signal.aborted) {
      signal.throwIfAborted(); // otherwise the end of the updates is missing, and nothing else
    } else {
      await watched;
    }
    return exporterResponse;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', limitWait);
  }
}

function entry({ type, attrs }: RemoteCache) {
  return { type, attrs: { ...attrs } };
}
