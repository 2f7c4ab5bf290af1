import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../shared/problem.ts';
import { backoffMs } from '../system/backoff.ts';
import { discardBody, type HttpResponse, headerOf } from './http.ts';
import { isTransientError } from './network-errors.ts';

/** How often a request or an upload is attempted before it fails. */
export const maxAttempts = 5;

/** Waits between two attempts. Rejects when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

const defaultWait: Wait = async (ms, signal) => {
  await sleep(ms, undefined, { signal });
};

/** The first wait is between 250 and 750 ms. */
const backoff = { firstMs: 750, maxMs: 60_000, jitter: 2 / 3 };

/**
 * Milliseconds to wait after an attempt (counted from 1). A `Retry-After` header (seconds or an HTTP date) is followed,
 * up to a minute; without one the wait doubles with each attempt.
 * @param random a number from 0 to 1.
 */
export function retryDelayMs(attempt: number, retryAfter?: string, random = Math.random(), now = Date.now()): number {
  const requestedMs = retryAfter === undefined ? Number.NaN : retryAfterMs(retryAfter.trim(), now);
  if (requestedMs >= 0) {
    return Math.min(requestedMs, backoff.maxMs);
  }
  return backoffMs(attempt, backoff, () => random);
}

function retryAfterMs(retryAfter: string, now: number): number {
  return /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
}

/** Whether a retry may succeed. */
export function isTransientStatus(status: number): boolean {
  return [408, 429, 500, 502, 503, 504].includes(status);
}

/**
 * Waits after an attempt (counted from 1), as long as the response asks for or with back-off.
 * @throws the reason of the signal
 */
export async function waitBeforeRetry(
  attempt: number,
  response: HttpResponse | undefined,
  signal: AbortSignal,
  wait: Wait = defaultWait,
): Promise<void> {
  try {
    await wait(retryDelayMs(attempt, response && headerOf(response, 'retry-after')), signal);
  } finally {
    signal.throwIfAborted();
  }
}

export interface RetryOptions {
  readonly signal: AbortSignal;
  readonly wait?: Wait | undefined;
  /** Describes the error of the last attempt. */
  readonly toFailure: (error: unknown) => Failure;
  /** Whether a retry can succeed: {@link isTransientError} by default. */
  readonly isRetryable?: (error: unknown) => boolean;
}

/**
 * Sends a request up to {@link maxAttempts} times while the network or the server has a transient error. The last
 * response is returned, whatever its status is.
 * @throws Failure; the reason of the signal
 */
export async function sendWithRetries(
  sendOnce: () => Promise<HttpResponse>,
  { signal, wait, toFailure, isRetryable = isTransientError }: RetryOptions,
): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt += 1) {
    let response: HttpResponse | undefined;
    try {
      response = await sendOnce();
      if (!isTransientStatus(response.status) || attempt === maxAttempts) {
        return response;
      }
      await discardBody(response);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Failure) {
        throw error;
      }
      if (!isRetryable(error) || attempt === maxAttempts) {
        throw toFailure(error);
      }
    }
    await waitBeforeRetry(attempt, response, signal, wait);
  }
}
