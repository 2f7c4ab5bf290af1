import { expect, test } from 'vitest';
import { localSockets } from './local-sockets.ts';

const paths = { env: {}, home: '/home/kim', uid: 1000, root: '/' };

test.each([
  ['linux', ['/run/user/1000/podman/podman.sock', '/run/podman/podman.sock'], '/var/run/docker.sock'],
  ['darwin', ['/run/user/1000/podman/podman.sock', '/run/podman/podman.sock'], '/home/kim/.docker/run/docker.sock'],
  ['win32', ['\\\\.\\pipe\\podman-machine-default'], '\\\\.\\pipe\\dockerDesktopLinuxEngine'],
] as const)('on %s, podman and docker are looked for where they listen', async (platform, podman, docker) => {
  const sockets = await localSockets({ ...paths, platform });
  expect(sockets.filter(({ engine }) => engine === 'podman').map(({ path }) => path)).toEqual(podman);
  expect(sockets.map(({ path }) => path)).toContain(docker);
});
