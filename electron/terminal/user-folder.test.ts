import { expect, test } from 'vitest';
import { userFolder } from './user-folder.ts';

const byNpm = {
  npm_package_name: 'barnraiser',
  npm_lifecycle_event: 'barnraiser',
  npm_package_json: '/opt/barnraiser/package.json',
  INIT_CWD: '/home/me/api',
};

test('by our own npm script, paths start from where the person is', () => {
  expect(userFolder(byNpm, '/opt/barnraiser')).toBe('/home/me/api');
});

test.each([
  ['without npm', {}, '/home/me/api'],
  ['from the npm script of another package', { ...byNpm, npm_package_name: 'api' }, '/srv/api'],
  ['from another script of ours', { ...byNpm, npm_lifecycle_event: 'test' }, '/opt/barnraiser'],
  ['from a script of ours that went elsewhere', byNpm, '/tmp/project'],
])('%s, paths start from the present folder', (_, env, cwd) => {
  expect(userFolder(env, cwd)).toBe(cwd);
});
