import { expect, test } from 'vitest';
import { readOwnFile, writeOwnFile } from './own-file.ts';

const connections = [
  { name: 'pi4', uri: 'ssh://pi@pi4.lan', identity: '/home/kim/.ssh/pi' },
  { name: 'big', uri: 'ssh://big:2222/run/podman/podman.sock', identity: '/etc/keys/big' },
  { name: 'neighbour', uri: 'ssh://n', identity: '/home/kimberly/.ssh/id' },
  { name: 'here', uri: 'local:' },
];
const farms = {
  farms: [
    { name: 'all', connections: ['big', 'pi4'] },
    { name: 'none', connections: [] },
  ],
  default: 'all',
};

test('a file holds all that another person needs, in the order in which it was made, and reads back as it was', () => {
  const text = writeOwnFile(connections, farms, '/home/kim');
  expect(JSON.parse(text)).toEqual({
    barnraiser: 1,
    connections: [{ ...connections[0], identity: '~/.ssh/pi' }, ...connections.slice(1)],
    farms: [
      { name: 'all', connections: ['big', 'pi4'], default: true },
      { name: 'none', connections: [] },
    ],
  });
  expect(text.endsWith('}\n')).toBe(true);
  expect(writeOwnFile(connections, farms, '/home/kim')).toBe(text);
  expect(readOwnFile(JSON.parse(text), 'x')).toMatchObject({
    engines: [{ ...connections[0], identity: '~/.ssh/pi' }, ...connections.slice(1)],
    farms: [
      { name: 'all', members: ['big', 'pi4'] },
      { name: 'none', members: [] },
    ],
    defaultFarm: 'all',
    notes: [],
  });
});

test('a password never gets into a file', () => {
  const secret = [{ name: 'x', uri: 'ssh://me:secret@host' }];
  const problem = { code: 'connection.uri', message: 'Connection x has a URI that leads nowhere.' };
  expect(() => writeOwnFile(secret, { farms: [] })).toThrow(
    expect.objectContaining({ problem: expect.objectContaining(problem) }),
  );
});
