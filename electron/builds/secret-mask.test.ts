import { describe, expect, test } from 'vitest';
import { SecretMask } from './secret-mask.ts';

const hide = (text: string, ...values: string[]): string =>
  new SecretMask(values.map((value) => Buffer.from(value))).hide(text);

describe('a value of a secret is hidden', () => {
  test.each([
    ['token=s3cr3t-value', 'token=***'],
    ['s3cr3t-value', '***'],
    ['s3cr3t-values3cr3t-value and s3cr3t-value', '****** and ***'],
    ['s3cr3t-val', 's3cr3t-val'],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(hide(text, 's3cr3t-value\n')).toBe(expected);
  });

  test('as it is written in JSON, URLs, base64 and hex', () => {
    const value = 'pÄss"w/rd 42';
    const bytes = Buffer.from(value);
    for (const text of [
      JSON.stringify(value),
      encodeURIComponent(value),
      bytes.toString('hex'),
      bytes.toString('base64'),
    ]) {
      const hidden = hide(text, value);
      expect(hidden.replaceAll('"', '')).toBe('***');
    }
  });

  test.each([0, 1, 2, 3, 4])('in base64 of it with %d bytes before it and more behind it', (before) => {
    const value = 'a-password-of-some-length';
    const text = Buffer.from(`${'x'.repeat(before)}${value}:more`).toString('base64');
    const shown = Buffer.from(hide(text, value).replace('***', ''), 'base64').toString('latin1');
    expect(hide(text, value)).toContain('***');
    expect(shown).not.toMatch(/word|length/);
  });

  test('by each of its lines', () => {
    const key = '-----BEGIN KEY-----\n  first line\r\nsecond line\n}\n-----END KEY-----\n';
    expect(hide('first line and second line } x', key)).toBe('*** and *** } x');
  });

  test('the longest first, so that nothing of it is left', () => {
    expect(hide('passwords', 'pass', 'password')).toBe('***s');
    expect(hide('111112', '1111', '1112')).toBe('***12');
  });

  test('unless it is shorter than four characters, or no text', () => {
    expect(hide('abc \ufffd\ufffd\ufffd\ufffd', 'abc')).toBe('abc \ufffd\ufffd\ufffd\ufffd');
    const binary = Buffer.from([0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8]);
    const mask = new SecretMask([binary]);
    expect(mask.hide(`\ufffd\ufffd\ufffd\ufffd ${binary.toString('hex')}`)).toBe('\ufffd\ufffd\ufffd\ufffd ***');
  });
});

test('a line that is almost a secret many times is read once', () => {
  const mask = new SecretMask([Buffer.from(`${'a'.repeat(500)}b`), Buffer.from(`${'a'.repeat(499)}c`)]);
  const line = 'a'.repeat(200_000);
  expect(mask.hide(line)).toBe(line);
});
