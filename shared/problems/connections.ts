import type { TextsOf } from './problem-text.ts';

/** Connections, nodes, their queue, and farms. */
export const connectionTexts: TextsOf<'connection' | 'node' | 'queue' | 'farm'> = {
  'connection.unknown': {
    title: 'There is no such connection',
    meaning: 'A command, a farm or a build names a connection that is not in the list.',
    causes: [
      'The name is misspelled. Names are case-sensitive.',
      'The connection was renamed or removed.',
      'Another data folder is used.',
    ],
    fixes: [
      { text: 'See the names that there are.', terminal: ['barnraiser connection list'], window: 'Connections' },
      {
        text: 'Add it.',
        terminal: ['barnraiser connection add NAME ssh://USER@HOST'],
        window: 'Connections › Add connection',
      },
    ],
    settings: ['BARNRAISER_HOME'],
    see: ['farm.unknown'],
  },
  'connection.exists': {
    title: 'The name of the connection is in use',
    meaning: 'Each connection has a name of its own, and there is already one with this name.',
    causes: ['The connection was added or imported before.', 'Two machines were given the same name.'],
    fixes: [
      {
        text: 'Change the one that is there.',
        terminal: ['barnraiser connection update NAME --uri ssh://USER@HOST'],
        window: 'Connections › the connection',
      },
      {
        text: 'Or choose another name, or remove the other one first.',
        terminal: ['barnraiser connection remove NAME'],
      },
    ],
  },
  'connection.changed': {
    title: 'A connection was changed during the build',
    meaning:
      'The address or the key of a node was changed while it was building. Its job has ended, and another node gets it if there is one.',
    causes: ['Somebody has edited the connection in the window or in a terminal.'],
    fixes: [
      { text: 'Build what is missing.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
    ],
    docs: ['FAILOVER.md'],
    see: ['connection.removed'],
  },
  'connection.removed': {
    title: 'A connection was removed during the build',
    meaning: 'A node was removed while it was building. Its job has ended, and another node gets it if there is one.',
    causes: ['Somebody has removed the connection in the window or in a terminal.'],
    fixes: [
      { text: 'Build what is missing.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
    ],
    docs: ['FAILOVER.md'],
    see: ['connection.changed', 'connection.unknown'],
  },
  'connection.uri': {
    title: 'The address of a connection is not valid',
    meaning: 'The stored URI of the connection cannot be used.',
    causes: [
      'connections.json was edited by hand.',
      'The connection was imported from a program with other rules for addresses.',
    ],
    fixes: [
      {
        text: 'Give it a valid address.',
        terminal: ['barnraiser connection update NAME --uri ssh://USER@HOST:PORT/PATH/TO.sock'],
        window: 'Connections › the connection › URI',
      },
      {
        text: 'Or remove it and add it again.',
        terminal: ['barnraiser connection remove NAME', 'barnraiser connection add NAME ssh://USER@HOST'],
      },
    ],
    docs: ['BUILDKIT.md'],
  },
  'connection.file': {
    title: 'A file with connections cannot be imported',
    meaning:
      'Barnraiser imports its own exports, and the files of podman: podman-connections.json and containers.conf.',
    causes: [
      'The file has another format.',
      'The path is wrong, or you may not read the file.',
      'A newer Barnraiser has exported it.',
      'The file has no connections.',
    ],
    fixes: [
      {
        text: 'See what would be imported.',
        terminal: ['barnraiser connection import --file FILE'],
        window: 'Connections › More actions › Import from a file…',
      },
      {
        text: "Without a file, Barnraiser finds podman's, docker's and OpenSSH's connections itself.",
        terminal: ['barnraiser connection import'],
      },
    ],
    see: ['settings.newer'],
  },
  'connection.fix': {
    title: 'A suggested fix could not be applied',
    meaning:
      'The connection check suggests fixes, some of which Barnraiser applies on the node. This one did not work.',
    causes: [
      'The user on the node may not do it, for example because sudo asks for a password.',
      'The node has changed since the check.',
      'The login shell of the user runs no commands of Barnraiser.',
    ],
    fixes: [
      {
        text: 'Check the connection again: it shows what is left to do.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
      { text: 'Run the command that the message names on the node yourself.', terminal: ['ssh USER@HOST'] },
    ],
    see: ['ssh.shell'],
  },
  'connection.check-cancelled': {
    title: 'The connection check was cancelled',
    meaning: 'The check ended before all its steps were done. What it found so far is not kept.',
    causes: ['You cancelled it, or closed the page.', 'Another check of the same connection was started.'],
    fixes: [
      {
        text: 'Check it again.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
    ],
  },
  'node.paused': {
    title: 'The node is paused',
    meaning: 'A person has paused the node: its running jobs go on, but it starts no others.',
    causes: [
      'The node was paused for maintenance and not resumed. The message says who did it, and why, if that was noted.',
    ],
    fixes: [
      {
        text: 'Resume it.',
        terminal: ['barnraiser node list', 'barnraiser node resume NODE'],
        window: 'Connections › the node › Resume',
      },
      { text: 'Or build on other nodes.', terminal: ['barnraiser build --exclude NODE -t REF FOLDER'] },
    ],
    see: ['node.draining'],
  },
  'node.draining': {
    title: 'The node is draining',
    meaning: 'A person has drained the node: it takes no jobs, and its waiting jobs move to other nodes.',
    causes: [
      'The node was drained for maintenance and not resumed. The message says who did it, and why, if that was noted.',
    ],
    fixes: [
      {
        text: 'Use it again.',
        terminal: ['barnraiser node list', 'barnraiser node resume NODE'],
        window: 'Connections › the node › Resume',
      },
      { text: 'Or build on other nodes.', terminal: ['barnraiser build --exclude NODE -t REF FOLDER'] },
    ],
    see: ['node.paused'],
  },
  'node.slow': {
    title: 'Another node was faster',
    meaning:
      'A job took too long on its node and was started a second time on another one, which had the image first. The image is complete: this is only why the first attempt was ended.',
    causes: [
      'The node was busy with other work.',
      'The node is slower than its earlier jobs let expect.',
      'Its network or disk is slow.',
    ],
    fixes: [
      {
        text: 'Look at what the node does.',
        terminal: ['barnraiser status --node NODE --history 3h', 'barnraiser stats'],
      },
      {
        text: 'Give it fewer jobs.',
        terminal: ['barnraiser connection update NODE --weight 50'],
        window: 'Connections › the node › Weight',
      },
      { text: 'Or switch second starts off.', terminal: ['barnraiser build --second-start=off -t REF FOLDER'] },
    ],
    docs: ['scheduling.md'],
  },
  'queue.unknown': {
    title: 'The build is not in the queue',
    meaning: 'Only builds with jobs that run or wait are in the queue.',
    causes: ['The build has ended, or all its jobs have been started.', 'The id belongs to another data folder.'],
    fixes: [
      { text: 'See what is in the queue.', terminal: ['barnraiser queue'], window: 'Queue' },
      { text: 'See all builds.', terminal: ['barnraiser builds --all'], window: 'Builds' },
    ],
    see: ['build.unknown'],
  },
  'farm.unknown': {
    title: 'There is no such farm',
    meaning: 'A command or a build names a farm that is not in the list.',
    causes: [
      'The name is misspelled. Names are case-sensitive.',
      'The farm was renamed or removed.',
      'Another data folder is used.',
    ],
    fixes: [
      {
        text: 'See the farms that there are.',
        terminal: ['barnraiser farm list'],
        window: 'The sidebar lists all farms',
      },
      { text: 'Create it.', terminal: ['barnraiser farm create NAME CONNECTION CONNECTION'] },
      { text: 'Or build on single nodes.', terminal: ['barnraiser build --node NODE,NODE -t REF FOLDER'] },
    ],
    settings: ['BARNRAISER_HOME'],
    see: ['connection.unknown', 'farm.empty'],
  },
  'farm.exists': {
    title: 'The name of the farm is in use',
    meaning: 'Each farm has a name of its own, and there is already one with this name.',
    causes: ['The farm was created or imported before.'],
    fixes: [
      { text: 'Change the one that is there.', terminal: ['barnraiser farm update FARM --add CONNECTION'] },
      { text: 'Or choose another name.', terminal: ['barnraiser farm create OTHER CONNECTION'] },
    ],
  },
  'farm.empty': {
    title: 'The farm has no nodes',
    meaning: 'A build needs at least one node, and the farm has no connections, or there are none at all.',
    causes: ['No connection was added yet.', 'The connections of the farm were removed.'],
    fixes: [
      {
        text: 'Add a connection to the farm.',
        terminal: ['barnraiser connection add NAME ssh://USER@HOST', 'barnraiser farm update FARM --add NAME'],
        window: 'the farm › Add connection…',
      },
      {
        text: 'Or import the ones that podman, docker and OpenSSH know.',
        terminal: ['barnraiser connection import --all'],
        window: 'Connections › More actions › Import from a file…',
      },
    ],
    see: ['farm.unknown', 'schedule.no-node'],
  },
};
