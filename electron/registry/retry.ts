import { setTimeout as sleep } from 'node:timers/promises';

/** How often anything is tried before it has failed. */
export const maxAttempts = 5;

/** Waits between attempts; rejects when the signal aborts. Tests pass their own. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const wait: Wait = async (ms, signal) => {
  await sleep(ms, undefined, { signal });
};

const firstPauseMs = 500;
const longestPauseMs = 60_000;

/**
 * How long to wait after the `attempt`th attempt (counted from 1): doubling from half a second, half of it by chance so that
 * clients turned away together do not come back together. A `Retry-After` header (seconds or an HTTP date) is honoured,
 * up to a minute.
 */
export function pauseMs(attempt: number, retryAfter?: string, chance = Math.random(), now = Date.now()): number {
  const asked = retryAfter === undefined ? Number.NaN : askedMs(retryAfter.trim(), now);
  if (asked >= 0) {
    return Math.min(asked, longestPauseMs);
  }
  return Math.min(firstPauseMs * 2 ** (attempt - 1) * (0.5 + chance), longestPauseMs);
}

function askedMs(retryAfter: string, now: number): number {
  return /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
}

/** Statuses that may be another one next time. */
export function isTransientStatus(status: number): boolean {
  return [408, 429, 500, 502, 503, 504].includes(status);
}

const transientCodes = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_INFO',
]);

/** Errors of a network that may be well again next time: drops, time-outs, a server that is just being restarted. */
export function isTransientError(error: unknown): boolean {
  return transientCodes.has(errorCode(error));
}

/** The code of an error; of several (one for each address of a host) the first. Empty where there is none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) {
    return '';
  }
  if ('code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return error instanceof AggregateError ? errorCode(error.errors[0]) : '';
}
