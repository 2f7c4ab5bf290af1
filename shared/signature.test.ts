import { expect, test } from 'vitest';
import { isNameOf } from './signature.ts';

test('the name in a signature is compared with the repository of an image, with or without its tag', () => {
  for (const reference of [
    'host:5000/team/api:1.4',
    'docker://host:5000/team/api:1.4',
    'host:5000/team/api@sha256:12',
  ]) {
    expect(isNameOf('host:5000/team/api', reference)).toBe(true);
    expect(isNameOf('host:5000/team/web', reference)).toBe(false);
    expect(isNameOf('', reference)).toBe(false);
  }
  expect(isNameOf('host:5000/team/api:1.4', 'host:5000/team/api:1.4')).toBe(true);
  expect(isNameOf('host:5000/team/api:1.3', 'host:5000/team/api:1.4')).toBe(false);
});
