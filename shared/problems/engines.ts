import type { TextsOf } from './problem-text.ts';

/** The engines of nodes: podman, docker, BuildKit. */
export const engineTexts: TextsOf<'engine' | 'prune'> = {
  'engine.no-socket': {
    title: 'No engine was found on the node',
    meaning: 'Barnraiser could not find or open the socket of podman, docker or BuildKit on the machine.',
    causes: [
      'The engine is not installed, or does not run.',
      'Your user may not use the socket, as with docker for a user who is not in the group docker.',
      'The socket is at another path than the usual ones.',
      'podman has no socket, and its command could not be started either.',
    ],
    fixes: [
      { text: 'See what the node has.', terminal: ['ssh USER@HOST podman info', 'ssh USER@HOST docker info'] },
      {
        text: "Start podman's socket for your user, on the node.",
        terminal: ['systemctl --user enable --now podman.socket'],
      },
      {
        text: 'Allow your user to use docker, on the node, then sign in again.',
        terminal: ['sudo usermod -aG docker "$USER"'],
      },
      {
        text: 'Name the socket.',
        terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST/run/podman/podman.sock'],
        window: 'Connections › the node › URI',
      },
      {
        text: 'Check the connection: it often has a fix to apply.',
        terminal: ['barnraiser connection test NODE', 'barnraiser connection fix NODE enable-socket'],
        window: 'Connections › the node › Check',
      },
    ],
    see: ['engine.unreachable', 'ssh.shell'],
  },
  'engine.unreachable': {
    title: 'The engine does not answer',
    meaning: 'The connection to the machine works, but its engine has closed the connection or did not answer in time.',
    causes: [
      'The engine has crashed or was restarted.',
      'The machine is overloaded, or out of memory or disk space.',
      'The podman service that Barnraiser started has ended, for example because its user logged out.',
    ],
    fixes: [
      {
        text: 'Look at the engine on the node.',
        terminal: ['systemctl status docker', 'systemctl --user status podman.socket', 'podman info'],
      },
      { text: 'Restart it, on the node.', terminal: ['sudo systemctl restart docker'] },
      {
        text: 'Check the connection.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
    ],
    docs: ['FAILOVER.md'],
    see: ['engine.no-socket', 'engine.linger'],
  },
  'engine.unsupported': {
    title: 'The engine cannot do what the build asks for',
    meaning:
      'The engine is too old, lacks a feature, or does not allow what an option needs. The node gets no job of this build, and others do if they can.',
    causes: [
      'An option of the build does not exist in this engine.',
      'docker builds with its classic builder, and the Containerfile uses what only BuildKit has.',
      'The engine is older than podman 4.0, docker 17.06 or BuildKit 0.11.',
      "The engine does not allow a step to use the node's network.",
    ],
    fixes: [
      {
        text: 'See what each node cannot do, in the column CANNOT.',
        terminal: ['barnraiser status'],
        window: 'Connections › the node',
      },
      {
        text: 'Leave the option out, or build on nodes that support it.',
        terminal: ['barnraiser build --node NODE,NODE -t REF FOLDER'],
      },
      { text: 'Update the engine on the node.' },
    ],
    docs: ['OPTIONS.md'],
    see: ['engine.builder', 'schedule.no-node'],
  },
  'engine.refused': {
    title: 'The engine refused a request',
    meaning:
      'The engine answered with an error that Barnraiser does not know better. Its own words are in the message or the details.',
    causes: [
      'The engine has a problem of its own, for example with its storage.',
      'The node may not push to the registry, or only over HTTPS.',
      'A proxy in front of the engine refuses what it does not know.',
    ],
    fixes: [
      {
        text: "Read the engine's log, on the node.",
        terminal: ['sudo journalctl -u docker -n 50', 'journalctl --user -u podman -n 50'],
      },
      {
        text: 'Check the connection.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
      {
        text: 'If nodes push themselves, push from this computer instead.',
        terminal: ['barnraiser build --push -t REF FOLDER'],
      },
    ],
    see: ['engine.answer'],
  },
  'engine.runtime': {
    title: 'The node cannot start containers',
    meaning: 'The engine answers, but no program starts in its containers, so no RUN step works there.',
    causes: [
      'An emulator for a foreign platform is missing, or works only outside of containers.',
      'The OCI runtime (runc, crun) is missing or broken.',
      'Kernel limits, seccomp or SELinux forbid it, as in some virtual servers.',
    ],
    fixes: [
      { text: 'Try it on the node.', terminal: ['podman run --rm IMAGE true', 'docker run --rm IMAGE true'] },
      {
        text: 'For foreign platforms, install emulators on the node.',
        terminal: ['sudo apt install qemu-user-static'],
      },
      {
        text: 'Keep foreign platforms away from the node.',
        terminal: ['barnraiser connection update NODE --emulation never'],
        window: 'Connections › the node › No emulation on this node',
      },
    ],
    see: ['engine.emulation', 'engine.memory'],
  },
  'engine.pull': {
    title: 'The node cannot get a base image',
    meaning:
      'The node failed to pull an image that a FROM instruction or the line # syntax= names. The node reaches the registry itself, with its own network, certificates and proxy.',
    causes: [
      'The node cannot reach the registry: network, DNS, proxy or firewall.',
      'The registry limits how often this node may pull.',
      "The node does not trust the registry's certificate.",
      'The registry needs a login, or has no such image.',
      'The name is short, such as alpine: docker looks for it in Docker Hub, podman only where its registries.conf says so.',
      'The line # syntax= names an image of Docker Hub, which docker and BuildKit get before all others.',
    ],
    fixes: [
      { text: 'Write the whole name in the Containerfile: docker.io/library/alpine:3.22.' },
      { text: 'Pull it on the node.', terminal: ['ssh USER@HOST podman pull IMAGE'] },
      {
        text: 'Sign in on this computer: builds send the login along.',
        terminal: ['barnraiser login REGISTRY'],
        window: 'Registries › Sign in',
      },
      {
        text: 'Build again; what was done is not repeated.',
        terminal: ['barnraiser retry BUILD'],
        window: 'Builds › the build › Retry',
      },
      {
        text: 'If the node has the image already, do not ask the registry.',
        terminal: ['barnraiser build --pull missing -t REF FOLDER'],
      },
    ],
    docs: ['registries.md', 'FAILOVER.md'],
    see: ['registry.unreachable', 'registry.authentication'],
  },
  'engine.memory': {
    title: 'The node ran out of memory',
    meaning: 'The kernel of the node has ended a step because there was no memory left.',
    causes: [
      'The step needs more memory than the node has, often because it runs as many compilers as there are processors.',
      'Several jobs run on the node at once.',
      'The build has a memory limit.',
    ],
    fixes: [
      { text: 'See how much memory the node had.', terminal: ['barnraiser status --node NODE --history 3h'] },
      {
        text: 'Let the node run one job at a time.',
        terminal: ['barnraiser connection update NODE --slots 1'],
        window: 'Connections › the node › Jobs at once',
      },
      {
        text: 'Let the step do less at once, such as make -j2, or build on another node.',
        terminal: ['barnraiser retry BUILD'],
      },
    ],
    see: ['build.failed'],
  },
  'engine.answer': {
    title: 'What answers is not the expected engine',
    meaning: 'Something answers at the socket or port, but not as podman, docker or BuildKit do.',
    causes: [
      'The socket or port belongs to another program.',
      'A proxy in between changes the responses.',
      'The engine expects TLS, or is much older than supported.',
    ],
    fixes: [
      {
        text: 'Name the socket of the engine.',
        terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST/var/run/docker.sock'],
        window: 'Connections › the node › URI',
      },
      {
        text: 'Ask the socket itself, on the node.',
        terminal: ['curl --unix-socket /run/podman/podman.sock http://d/version'],
      },
    ],
    docs: ['BUILDKIT.md'],
    see: ['engine.unsupported', 'tls.handshake'],
  },
  'engine.builder': {
    title: 'docker builds without BuildKit',
    meaning:
      'This is a warning. The node works, but its docker uses the classic builder, which is slower and does not support many options.',
    causes: ['BuildKit is switched off in /etc/docker/daemon.json.', 'docker is older than 18.09.'],
    fixes: [
      {
        text: 'Remove "buildkit": false from the features in /etc/docker/daemon.json, then restart docker.',
        terminal: ['sudo systemctl restart docker'],
      },
      { text: 'Or update docker to 23 or newer.' },
    ],
    docs: ['OPTIONS.md'],
    see: ['engine.unsupported'],
  },
  'engine.emulation': {
    title: 'Emulators of the node cannot be used',
    meaning:
      'This is a warning. The node builds its own platform, but emulators for others are missing, disabled or not usable in containers.',
    causes: [
      'The emulators are registered without the flag F, so containers do not find them.',
      'They are installed but not registered since the last start.',
      'They are disabled.',
      'The node runs no commands of Barnraiser, so it is not known what it can emulate.',
    ],
    fixes: [
      {
        text: 'Install emulators that work in containers, on the node.',
        terminal: ['sudo apt install qemu-user-static', 'sudo systemctl restart systemd-binfmt'],
      },
      { text: 'See what the node can build now.', terminal: ['barnraiser platforms --node NODE'] },
      {
        text: 'If the node is not meant to emulate, say so.',
        terminal: ['barnraiser connection update NODE --emulation never'],
        window: 'Connections › the node › No emulation on this node',
      },
    ],
    see: ['engine.runtime', 'schedule.no-native-node'],
  },
  'engine.linger': {
    title: 'The engine stops when its user logs out',
    meaning:
      "This is a warning. podman runs as a user's service, which systemd ends when the last session of the user ends. A lost connection may then end a build.",
    causes: ['Lingering is off for the user, which is the default.'],
    fixes: [
      { text: 'Keep services of the user running, on the node.', terminal: ['sudo loginctl enable-linger USER'] },
      {
        text: 'Or let Barnraiser do it.',
        terminal: ['barnraiser connection fix NODE enable-linger'],
        window: 'Connections › the node › Check',
      },
    ],
    see: ['engine.unreachable', 'ssh.lost'],
  },
  'engine.disk-low': {
    title: 'The node has too little disk space',
    meaning:
      'The node has less space than the build needs at least, so it gets no job of it. In a connection check, it is a warning.',
    causes: [
      'Images and build caches of earlier builds.',
      'The project is large: its files are copied to the node.',
      'Another program fills the disk.',
    ],
    fixes: [
      {
        text: 'See what takes space, then remove it. There is a preview.',
        terminal: [
          'barnraiser df --node NODE',
          'barnraiser prune --node NODE --dry-run',
          'barnraiser prune --node NODE',
        ],
        window: 'Connections › the node › Free disk space…',
      },
      {
        text: 'See what is sent, and exclude files in .containerignore.',
        terminal: ['barnraiser build --dry-run FOLDER'],
      },
      {
        text: 'Prune regularly.',
        terminal: ['barnraiser schedule prune --cron "0 4 * * 0" --older-than 7d --name weekly'],
        window: 'Schedules',
      },
    ],
    see: ['disk.full'],
  },
  'prune.expired': {
    title: 'The preview is no longer valid',
    meaning:
      'What is removed was shown before. That preview is valid for an hour and for one use, so that nothing is removed that was not shown.',
    causes: ['More than an hour has passed.', 'The preview was used already, perhaps in another window.'],
    fixes: [{ text: 'Make it again.', terminal: ['barnraiser prune --dry-run'], window: 'Free disk space…' }],
  },
};
