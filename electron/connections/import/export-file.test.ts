import { expect, test } from 'vitest';
import { parsePlatform } from '../../../shared/platform.ts';
import { readExportFile, writeExportFile } from './export-file.ts';

const connections = [
  { name: 'pi4', uri: 'ssh://pi@pi4.lan', identity: '/home/kim/.ssh/pi' },
  { name: 'big', uri: 'ssh://big:2222/run/podman/podman.sock', identity: '/etc/keys/big' },
  { name: 'neighbour', uri: 'ssh://n', identity: '/home/kimberly/.ssh/id' },
  { name: 'here', uri: 'local:' },
  {
    name: 'tls',
    uri: 'tcp://big:2376',
    tlsCa: '/certs/ca.pem',
    tlsCert: '/certs/cert.pem',
    tlsKey: '/certs/key.pem',
    tlsServerName: 'engine',
    platforms: ['linux/arm64', 'linux/arm/v7'].map((name) => parsePlatform(name) ?? expect.fail(name)),
  },
  { name: 'plain', uri: 'tcp://big:2375', allowUnencrypted: true },
];
const farms = {
  farms: [
    { name: 'all', connections: ['big', 'pi4'] },
    { name: 'none', connections: [] },
  ],
  default: 'all',
};

test('an exported file contains connections and farms in order, and is imported unchanged', () => {
  const text = writeExportFile(connections, farms, '/home/kim');
  expect(JSON.parse(text)).toEqual({
    barnraiser: 1,
    connections: [{ ...connections[0], identity: '~/.ssh/pi' }, ...connections.slice(1)],
    farms: [
      { name: 'all', connections: ['big', 'pi4'], default: true },
      { name: 'none', connections: [] },
    ],
  });
  expect(text.endsWith('}\n')).toBe(true);
  expect(writeExportFile(connections, farms, '/home/kim')).toBe(text);
  expect(readExportFile(JSON.parse(text), 'x')).toMatchObject({
    engines: [{ ...connections[0], identity: '~/.ssh/pi' }, ...connections.slice(1)],
    farms: [
      { name: 'all', members: ['big', 'pi4'] },
      { name: 'none', members: [] },
    ],
    defaultFarm: 'all',
    notes: [],
  });
});

test('a password is never exported', () => {
  const secret = [{ name: 'x', uri: 'ssh://me:secret@host' }];
  const problem = { code: 'connection.uri', message: 'Connection x has a URI that is not valid.' };
  expect(() => writeExportFile(secret, { farms: [] })).toThrow(
    expect.objectContaining({ problem: expect.objectContaining(problem) }),
  );
});
