import { expect, test } from 'vitest';
import { startProblem } from './container-start.ts';
import { testBuild } from './testing/engine-build.ts';

const step = 'building at STEP "RUN make": while running runtime: exit status 1';

function problemOf(error: string, lastLines: readonly string[] = [], isEmulated = false) {
  return startProblem('pi4', 'podman', testBuild({ isEmulated }), { error, lastLines })?.problem;
}

/** Lines as buildah prints them when the runtime does not start a container. */
function printed(message: string): string[] {
  return [
    `error running container: from /usr/bin/crun creating container for [/bin/sh -c make]: ${message}`,
    ': exit status 1',
  ];
}

test.each([
  [
    'cgroups in hybrid mode not supported, drop all controllers from cgroupv2: Operation not supported',
    'cgroups',
    'v2',
  ],
  ['sd-bus call: Interactive authentication required.: Permission denied', 'sd-bus call', 'podman run'],
  ['mount `proc` to `proc`: Operation not permitted', 'mount `proc`', 'podman run'],
  ['join keyctl `ab12`: Disk quota exceeded', 'join keyctl', 'podman run'],
])('a runtime that does not start the container is the failure of the node: %s', (message, reason, fix) => {
  const problem = problemOf(step, ['compiling', ...printed(message)]);
  expect(problem?.code).toBe('engine.runtime');
  expect(problem?.message).toMatch(/^Node pi4 cannot start containers: /);
  expect(problem?.message).toContain(reason);
  expect(problem?.fix).toContain(fix);
});

test.each([
  ['building at STEP "RUN x": exec: "crun": executable file not found in $PATH', 'it lacks crun', 'Install crun'],
  ['building at STEP "RUN x": exec: "runc": executable file not found in $PATH', 'it lacks runc', 'Install runc'],
  ['no valid executable found for OCI runtime crun: invalid argument', 'it lacks', 'Install'],
  [
    'could not find a working conmon binary (configured options: [/usr/libexec/podman/conmon])',
    'it lacks conmon',
    'conmon',
  ],
  [
    'building at STEP "RUN x": could not find slirp4netns, the network namespace can\'t be configured: exec: "slirp4netns": executable file not found in $PATH',
    'slirp4netns',
    'Install slirp4netns',
  ],
  [
    'cannot set up namespace using "/usr/bin/newuidmap": fork/exec /usr/bin/newuidmap: no such file or directory',
    'no range of ids',
    'newuidmap',
  ],
  [
    'creating build container: copying system image: lchown /etc/gshadow: there might not be enough IDs available in the namespace (requested 0:42 for /etc/gshadow): potentially insufficient UIDs or GIDs available',
    'no range of ids',
    '/etc/subuid',
  ],
  [
    'creating build container: mounting new container: exec: "fuse-overlayfs": executable file not found in $PATH',
    'cannot be mounted',
    'fuse-overlayfs',
  ],
  [
    "creating build container: 'overlay' is not supported over overlayfs, a mount_program is required",
    'cannot be mounted',
    'fuse-overlayfs',
  ],
  [
    'process "/bin/sh -c x" did not complete successfully: OCI runtime create failed: runc create failed: unable to start container process: can\'t get final child\'s PID from pipe: EOF',
    "can't get final child's PID",
    'podman run',
  ],
])('what a node lacks is named: %s', (error, reason, fix) => {
  const problem = problemOf(error);
  expect(problem).toMatchObject({ code: 'engine.runtime', message: expect.stringContaining(reason) });
  expect(problem?.fix).toContain(fix);
});

test.each([
  [step, ['make: *** [all] Error 1']],
  [step, ['sh: crun: not found', 'cgroup: no such file or directory', 'newuidmap failed']],
  [step, printed('executable file `missing` not found in $PATH: No such file or directory')],
  [
    'process "/bin/sh -c x" did not complete successfully: runc run failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory',
    [],
  ],
  [
    'process "/bin/sh -c cat /sys/fs/cgroup/x && newuidmap fuse-overlayfs" did not complete successfully: exit code: 1',
    [],
  ],
  ['building at STEP "RUN echo cgroup fuse-overlayfs newuidmap": while running runtime: exit status 3', []],
  ['checking on sources under "/x": copier: stat: "/crun": no such file or directory', []],
])('a step that fails by itself is not the failure of the node: %s %s', (error, lines) => {
  expect(problemOf(error, lines)).toBeUndefined();
});

test.each([
  'exec container process `/bin/sh`: Exec format error',
  'exec /bin/sh: exec format error',
  'standard_init_linux.go:228: exec user process caused: exec format error',
])('an emulator that does not work is the failure of a node that emulates: %s', (line) => {
  expect(problemOf(step, [line], true)).toMatchObject({
    code: 'engine.runtime',
    message: 'Node pi4 cannot run programs for linux/arm64: its emulator does not work in containers.',
  });
  expect(problemOf(step, printed(line), true)?.code).toBe('engine.runtime');
  expect(problemOf(step, printed(line))).toBeUndefined();
  // a native node runs the platform, so the program in the image is of another one
  expect(problemOf(step, [line])).toBeUndefined();
});
