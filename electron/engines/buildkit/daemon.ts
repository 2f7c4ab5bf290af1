/** A BuildKit daemon (buildkitd) behind a transport. */
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { type Failure, fail } from '../../../shared/problem.ts';
import { sanitizeLine, sanitizeText } from '../../../shared/untrusted-text.ts';
import { EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import type { Transport } from '../transport/transport.ts';
import type { CacheRecord, CacheRecords } from './cache-records.ts';
import { type BuildKitClient, buildKitClient } from './client.ts';

/** Milliseconds for the first answer of a service that may not be BuildKit. */
const identifyTimeoutMs = 30_000;

/** Calls to one daemon. Each opens a stream of its own, so that nothing stays open between them. */
export class BuildKitDaemon {
  /** For the texts of failures: a daemon has no HTTP API. */
  readonly api: EngineApi;
  readonly records: CacheRecords;

  constructor(transport: Transport) {
    this.api = new EngineApi(transport, 'buildkit', '');
    this.records = {
      list: async (signal) => {
        const { record } = await this.call(
          'list its build cache',
          ({ control }, options) => control.diskUsage({}, options),
          signal,
        );
        return record.map(
          ({ id, description, inUse, shared, size, parents, createdAt, lastUsedAt }): CacheRecord => ({
            id,
            description,
            isInUse: inUse,
            isShared: shared,
            bytes: Number(size),
            parents,
            createdAt: createdAt && timestampMs(createdAt),
            usedAt: lastUsedAt && timestampMs(lastUsedAt),
          }),
        );
      },
      remove: async (ids, signal) => {
        const safe = ids.filter((id) => /^\w+$/.test(id));
        // without a filter, all would go
        if (safe.length > 0) {
          await this.#prune(
            safe.map((id) => `id==${id}`),
            signal,
          );
        }
      },
    };
  }

  /** Removes cache records that one of the filters names and no build uses. */
  async #prune(filter: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await this.call(
      'prune its build cache',
      async ({ control }, options) => {
        for await (const _ of control.prune({ filter: [...filter], all: true }, options)) {
          // another list shows what is gone
        }
      },
      signal,
      pruneTimeoutMs,
    );
  }

  /**
   * Makes a short call on a stream of its own.
   * @param action completes the sentence "BuildKit could not …"
   * @throws Failure `engine.refused` with BuildKit's error, `engine.unreachable`, or of the connection
   */
  async call<T>(
    action: string,
    use: (client: BuildKitClient, options: CallOptions) => Promise<T>,
    signal?: AbortSignal,
    timeoutMs = requestTimeoutMs,
  ): Promise<T> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    let client: BuildKitClient | undefined;
    try {
      client = buildKitClient(await this.api.transport.dial(either));
      return await use(client, { signal: either });
    } catch (error) {
      throw isOwnError(error) && !either.aborted
        ? this.api.refusedProblem(action, sanitizeText(error.rawMessage).trim())
        : this.api.toFailure(error, action, signal);
    } finally {
      client?.close();
    }
  }
}

/** Of one call. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

const pruneTimeoutMs = 600_000;

/** BuildKit's own error has no cause. Any other is one of the connection. */
function isOwnError(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.cause === undefined;
}

/**
 * The version of the BuildKit daemon behind a transport; undefined if the service there is none.
 * @throws Failure `engine.unsupported` for a daemon that is too old, or of the connection
 */
export async function identifyBuildKit(transport: Transport): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(identifyTimeoutMs);
  const client = buildKitClient(await transport.dial(timeout));
  try {
    const { buildkitVersion } = await client.control.info({}, { signal: timeout });
    return sanitizeLine(buildkitVersion?.version ?? '', 64).replace(/^v(?=\d)/, '');
  } catch (error) {
    if (transport.lost.aborted) {
      throw transport.lost.reason;
    }
    // another service does not know the service of the method
    if (isOwnError(error) && error.code === Code.Unimplemented && /unknown method/i.test(error.rawMessage)) {
      throw tooOldProblem(transport);
    }
    return undefined;
  } finally {
    client.close();
  }
}

function tooOldProblem({ name }: Transport): Failure {
  return fail(
    'engine.unsupported',
    `Node ${name} runs BuildKit older than 0.11, which is too old.`,
    'Update BuildKit on the node to 0.11 or newer.',
  );
}
