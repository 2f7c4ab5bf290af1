import { expect, it } from 'vitest';
import { completePath, isAnchored, namesWithPrefix, splitPath } from './folder-path.ts';

it.each([
  ['~/projects/ap', '/', '~/projects/', 'ap'],
  ['/', '/', '/', ''],
  ['ap', '/', '', 'ap'],
  ['C:\\code\\a', '\\', 'C:\\code\\', 'a'],
  ['C:/code/a', '\\', 'C:/code/', 'a'],
  ['/odd\\name', '/', '/', 'odd\\name'],
])('%s is split after its last separator', (typed, separator, folder, prefix) => {
  expect(splitPath(typed, separator)).toEqual({ folder, prefix });
});

it.each([
  ['~/projects/bi', '~/projects/billing-service/'],
  ['~/projects/A', '~/projects/api'],
  ['~/projects/api', undefined],
  ['~/projects/api-', '~/projects/api-gateway/'],
  ['~/projects/', undefined],
  ['~/projects/zebra', undefined],
  ['we', 'web/'],
])('Tab completes %s to %s', (typed, completed) => {
  expect(completePath(typed, ['api', 'api-gateway', 'billing-service', 'web'], '/')).toBe(completed);
});

it('matches names without regard to case', () => {
  expect(namesWithPrefix(['Api', 'web', 'APP'], 'ap')).toEqual(['Api', 'APP']);
});

it.each([
  ['/x', true],
  ['~', true],
  ['C:\\x', true],
  ['x', false],
  ['./x', false],
])('%s says where it begins: %s', (path, is) => {
  expect(isAnchored(path)).toBe(is);
});
