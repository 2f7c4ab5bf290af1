import { expect, test } from 'vitest';
import { knownHostsFiles } from '../ssh/known-hosts/known-hosts.ts';
import { configFiles } from '../ssh/ssh-config/read.ts';
import { dataFolder } from './data-folder.ts';

test('files are where each system keeps them', () => {
  const env = { LOCALAPPDATA: 'C:\\Users\\anna\\AppData\\Local', ProgramData: 'D:\\ProgramData' };
  expect(dataFolder(env, 'win32', 'C:\\Users\\anna')).toBe('C:\\Users\\anna\\AppData\\Local\\barnraiser\\Data');
  expect(dataFolder({}, 'darwin', '/Users/anna')).toBe('/Users/anna/Library/Application Support/barnraiser');
  expect(dataFolder({}, 'linux', '/home/anna')).toBe('/home/anna/.local/share/barnraiser');
  expect(dataFolder({ BARNRAISER_HOME: '/x' }, 'linux', '/home/anna')).toBe('/x');
  expect(configFiles(undefined, 'C:\\Users\\anna', 'win32', env).map(({ path }) => path)).toEqual([
    'C:\\Users\\anna\\.ssh\\config',
    'D:\\ProgramData\\ssh\\ssh_config',
  ]);
  expect(knownHostsFiles({}, 'C:\\Users\\anna', 'win32')).toContain('C:\\ProgramData\\ssh\\ssh_known_hosts');
  expect(knownHostsFiles({}, '/home/anna', 'linux')).toContain('/etc/ssh/ssh_known_hosts2');
});
