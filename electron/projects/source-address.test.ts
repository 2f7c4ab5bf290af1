import { expect, test } from 'vitest';
import { sourceAddress } from './source-address.ts';

test.each([
  ['https://github.com/team/api.git', 'https://github.com/team/api'],
  ['https://anna:token@github.com/team/api', 'https://github.com/team/api'],
  ['https://x-access-token:ghs_1@git.example.com:8443/team/api.git', 'https://git.example.com:8443/team/api.git'],
  ['https://git.example.com/api.git?access_token=1#x', 'https://git.example.com/api.git'],
  ['git@github.com:team/api.git', 'https://github.com/team/api'],
  ['git.example.com:team/api.git', 'ssh://git.example.com/team/api.git'],
  ['git@git.example.com:/srv/api.git', 'ssh://git.example.com/srv/api.git'],
  ['ssh://git:secret@git.example.com:2222/api.git', 'ssh://git.example.com:2222/api.git'],
  ['ssh://git@gitlab.com:22/team/api.git', 'https://gitlab.com/team/api'],
  ['git://git.example.com/api.git', 'git://git.example.com/api.git'],
  ['https://git.example.com/$HOME/api.git', 'https://git.example.com/%24HOME/api.git'],
])('the address of the remote %s is %s', (remote, address) => {
  expect(sourceAddress(remote)).toBe(address);
});

test.each([
  '/home/anna/api.git',
  '../api.git',
  'C:\\projects\\api',
  'C:/projects/api',
  'file:///srv/api.git',
  'ext::sh -c id',
  'ext::sh%20-c%20id',
  'https://git.example.com/a\nb',
  'https://git.example.com/\u202eb',
  `https://git.example.com/${'a'.repeat(3000)}`,
  '',
])('there is no address for the remote %j', (remote) => {
  expect(sourceAddress(remote)).toBeUndefined();
});
