import { expect, test } from 'vitest';
import { findWorkingFolder } from './working-folder.ts';

const npmEnv = {
  npm_package_name: 'barnraiser',
  npm_lifecycle_event: 'barnraiser',
  npm_package_json: '/opt/barnraiser/package.json',
  INIT_CWD: '/home/me/api',
};

test('paths start from the folder where our npm script was called', () => {
  expect(findWorkingFolder(npmEnv, '/opt/barnraiser')).toBe('/home/me/api');
});

test.each([
  ['without npm', {}, '/home/me/api'],
  ['in an npm script of another package', { ...npmEnv, npm_package_name: 'api' }, '/srv/api'],
  ['in another npm script of ours', { ...npmEnv, npm_lifecycle_event: 'test' }, '/opt/barnraiser'],
  ['in an npm script of ours that changed the folder', npmEnv, '/tmp/project'],
])('%s, paths start from the current folder', (_, env, cwd) => {
  expect(findWorkingFolder(env, cwd)).toBe(cwd);
});
