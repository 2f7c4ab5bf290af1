import { expect, test } from 'vitest';
import { networkErrorCode } from '../system/tls-errors.ts';
import { isTransientError } from './network-errors.ts';

test('knows which errors are transient', () => {
  expect(isTransientError(Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe(true);
  expect(isTransientError(Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' }))).toBe(false);
  expect(isTransientError('ECONNRESET')).toBe(false);
});

test('finds the code of an error for several addresses', () => {
  const addressError = Object.assign(new Error(), { code: 'ECONNREFUSED' });
  expect(networkErrorCode(new AggregateError([addressError]))).toBe('ECONNREFUSED');
});
