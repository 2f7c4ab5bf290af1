import type { TextsOf } from './problem-text.ts';

/** Builds: their schedule, secrets, failures and records. */
export const buildTexts: TextsOf<'secrets' | 'secret' | 'schedule' | 'project' | 'build' | 'bake'> = {
  'secrets.unavailable': {
    title: 'Secrets cannot be saved here',
    meaning:
      'Passwords and passphrases are saved only where the keychain of the system encrypts them. Elsewhere they stay in memory until Barnraiser is closed.',
    causes: [
      'The front end is a terminal or a browser: only the desktop app reaches the keychain.',
      'The keychain is locked, or the system has none.',
    ],
    fixes: [
      { text: 'Answer without saving.' },
      { text: 'Use a key and an SSH agent instead of a password.', terminal: ['ssh-add ~/.ssh/id_ed25519'] },
      {
        text: 'Keep logins of registries in the file of podman or docker.',
        terminal: ['barnraiser login REGISTRY --store podman'],
      },
    ],
    see: ['ssh.cancelled', 'registry.credentials'],
  },
  'secret.missing': {
    title: 'A secret of the build is missing',
    meaning: 'The build asks for a secret (--secret) whose value could not be read, so it was not started.',
    causes: [
      'The file does not exist, or you may not read it.',
      'The environment variable is not set where the command runs. With the app open, that is the environment of the command.',
      'The secret was not typed.',
    ],
    fixes: [
      {
        text: 'Name a file.',
        terminal: ['barnraiser build --secret id=ID,src=FILE -t REF FOLDER'],
        window: 'New build › Options › Add secret',
      },
      {
        text: 'Or set the variable.',
        terminal: ['export NAME=VALUE', 'barnraiser build --secret id=ID,env=NAME -t REF FOLDER'],
      },
    ],
    see: ['secret.too-large', 'secret.agent'],
  },
  'secret.too-large': {
    title: 'A secret of the build is too large',
    meaning: 'Engines take secrets of up to 500 KiB.',
    causes: ['The file holds more than the secret, such as a whole archive.', 'The wrong file was named.'],
    fixes: [
      { text: 'Give the build only what it needs of it.' },
      {
        text: 'Files that are not secret belong into the project or an additional context.',
        terminal: ['barnraiser build --build-context NAME=FOLDER -t REF FOLDER'],
      },
    ],
    see: ['secret.missing'],
  },
  'secret.agent': {
    title: 'The build has no SSH agent',
    meaning: 'The build asks for an SSH agent (--ssh), and none answers on this computer.',
    causes: [
      'No agent runs, or SSH_AUTH_SOCK leads to one that has ended.',
      'The command runs in a service or in CI, which have no agent.',
    ],
    fixes: [
      {
        text: 'Start an agent and give it a key.',
        terminal: ['eval "$(ssh-agent)"', 'ssh-add ~/.ssh/id_ed25519', 'ssh-add -l'],
      },
      {
        text: 'Or let the build sign with a key file.',
        terminal: ['barnraiser build --ssh default=~/.ssh/id_ed25519 -t REF FOLDER'],
      },
    ],
    settings: ['SSH_AUTH_SOCK'],
    see: ['ssh.identity', 'secret.missing'],
  },
  'schedule.no-node': {
    title: 'No node can build this platform',
    meaning: 'None of the nodes is able and free to build the platform. The message says for each of them why not.',
    causes: [
      'All nodes are down.',
      'No node runs the platform, natively or by emulation, or a connection does not allow it.',
      'No engine supports an option of the build.',
      'The nodes are excluded, paused, draining, set aside or lack disk space.',
    ],
    fixes: [
      {
        text: 'See the states of the nodes and what they can build.',
        terminal: ['barnraiser status', 'barnraiser platforms'],
        window: 'The farm',
      },
      {
        text: 'See why nodes are not used, without building.',
        terminal: ['barnraiser build --dry-run FOLDER'],
        window: 'New build › Build plan',
      },
      {
        text: 'Install emulators on a node, then look at what it can build.',
        terminal: ['sudo apt install qemu-user-static', 'barnraiser platforms --node NODE'],
      },
      {
        text: 'Add a node for the platform, or let the image do without it.',
        terminal: [
          'barnraiser connection add NAME ssh://USER@HOST',
          'barnraiser build --optional linux/riscv64 -t REF FOLDER',
        ],
      },
    ],
    docs: ['scheduling.md'],
    see: ['schedule.no-native-node', 'engine.unsupported', 'schedule.set-aside'],
  },
  'schedule.no-native-node': {
    title: 'The platform could only be emulated',
    meaning: 'Emulation is not allowed for this build, and no node that answers runs the platform natively.',
    causes: ['The build was started with --no-emulation.', 'The native node is down, paused or excluded.'],
    fixes: [
      {
        text: 'Allow emulation: leave --no-emulation out.',
        terminal: ['barnraiser build -t REF FOLDER'],
        window: 'New build › Options',
      },
      { text: 'See what each node runs natively.', terminal: ['barnraiser platforms'] },
      { text: 'Add a node that runs it natively.', terminal: ['barnraiser connection add NAME ssh://USER@HOST'] },
    ],
    docs: ['scheduling.md'],
    see: ['schedule.no-node'],
  },
  'schedule.set-aside': {
    title: 'The node is set aside',
    meaning:
      'Three jobs of the node have failed within half an hour, so it gets no jobs for a while: 5 minutes at first, longer each time, up to an hour. Then one job is a trial.',
    causes: [
      'The message ends with the last failure of the node.',
      'The machine is unreliable: network, memory or disk.',
    ],
    fixes: [
      {
        text: 'Find the cause.',
        terminal: ['barnraiser connection test NODE', 'barnraiser status --node NODE --history 3h'],
        window: 'Connections › the node › Check',
      },
      {
        text: 'When it is gone, use the node at once.',
        terminal: ['barnraiser connection use-again NODE'],
        window: 'Connections › the node › Use again',
      },
    ],
    docs: ['FAILOVER.md'],
    see: ['schedule.no-node'],
  },
  'schedule.excluded': {
    title: 'The node is excluded from the build',
    meaning: 'The build names this node as one that it does not use.',
    causes: [
      'The build has --exclude, or the node was switched off in the window.',
      'The recipe of the project excludes it.',
    ],
    fixes: [
      {
        text: 'Leave --exclude out.',
        terminal: ['barnraiser build --farm FARM -t REF FOLDER'],
        window: 'New build › Build plan',
      },
      { text: 'Look at the recipe.', terminal: ['barnraiser recipe show FOLDER'] },
    ],
    see: ['schedule.no-node'],
  },
  'project.no-git': {
    title: 'There is no tag by content',
    meaning: 'A tag by content is the hash that git has for the folder. The folder has none.',
    causes: [
      'The folder is not in a git repository, or nothing of it was committed yet.',
      'The project is an archive, a URL or standard input.',
      'git is not installed.',
    ],
    fixes: [
      { text: 'Commit the folder.', terminal: ['git init', 'git add .', 'git commit -m "first version"'] },
      { text: 'Or choose a tag yourself.', terminal: ['barnraiser build -t registry.example.com/team/api:1.4 FOLDER'] },
    ],
    docs: ['linuxkit.md'],
    see: ['project.dirty'],
  },
  'project.dirty': {
    title: 'The project has changes that are not committed',
    meaning:
      'A tag by content says which commit an image was made of. With other files it would say so wrongly, so such an image is not pushed.',
    causes: [
      'Files were changed, added or removed since the last commit.',
      'A file is generated and not in .gitignore.',
    ],
    fixes: [
      { text: 'See what differs, then commit it.', terminal: ['git status', 'git commit -a'] },
      { text: 'Or build without a push.', terminal: ['barnraiser build --tag-by-content -t REF FOLDER'] },
    ],
    docs: ['linuxkit.md'],
    see: ['project.no-git', 'build.changed'],
  },
  'build.failed': {
    title: 'The build failed',
    meaning:
      'A step ended with an error, or the engine cannot use the Containerfile. Another node would fail in the same manner, so none is tried.',
    causes: [
      'A command of a RUN step failed. Its exit status and last lines are shown.',
      'The step mounts a secret that the build does not have.',
      'Exit status 127: the command does not exist in the image. 137: it was killed, most likely for lack of memory.',
      'Exec format error: a program is for another processor.',
      'A file that COPY names is not there, or an ignore file excludes it.',
      'The base image or the stage does not exist.',
    ],
    fixes: [
      {
        text: 'Read the log of the platform.',
        terminal: ['barnraiser logs BUILD PLATFORM'],
        window: 'Builds › the build › the platform',
      },
      { text: 'Check the Containerfile.', terminal: ['barnraiser lint FOLDER'] },
      {
        text: 'Correct it, then build what is missing. Finished platforms are kept.',
        terminal: ['barnraiser retry BUILD'],
        window: 'Builds › the build › Retry',
      },
      {
        text: 'If a base image is missing, look at the tags that there are.',
        terminal: ['barnraiser tags REGISTRY/REPOSITORY'],
      },
      {
        text: 'If it fails only on some nodes, let others try.',
        terminal: ['barnraiser build --retry-elsewhere -t REF FOLDER'],
      },
    ],
    docs: ['FAILOVER.md'],
    see: ['engine.memory', 'engine.pull', 'context.containerfile'],
  },
  'build.no-image': {
    title: 'The engine reported no image',
    meaning: 'The engine said that the build is done, but named no image.',
    causes: ['The engine was restarted or ran out of space at the end of the build.', 'An error in the engine.'],
    fixes: [
      { text: 'Build again.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
      {
        text: 'If it happens again, look at the engine on the node.',
        terminal: ['podman info', 'sudo journalctl -u docker -n 50'],
      },
    ],
    see: ['engine.answer', 'disk.full'],
  },
  'build.cancelled': {
    title: 'The build was cancelled',
    meaning: 'The build was stopped on all nodes. Finished images of it are kept for a retry.',
    causes: ['You cancelled it, or pressed Ctrl+C.', 'The terminal or the app was closed.'],
    fixes: [
      { text: 'Build what is missing.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
    ],
    see: ['call.cancelled', 'build.incomplete'],
  },
  'build.incomplete': {
    title: 'The build did not reach its end',
    meaning: 'Barnraiser stopped before the build was done, or the build has no image that could be used.',
    causes: [
      'Barnraiser was closed or killed, or the computer was restarted, during the build or its push.',
      'No platform could be built.',
      'The build has just ended while it was to be retried.',
    ],
    fixes: [
      {
        text: 'Continue it. What is finished is not repeated.',
        terminal: ['barnraiser resume BUILD'],
        window: 'Builds › the build › Resume',
      },
      { text: 'Or build what is missing.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
    ],
    see: ['build.changed', 'build.failed'],
  },
  'build.unknown': {
    title: 'There is no such build',
    meaning: 'The id, the platform or the image belongs to no build in the history.',
    causes: [
      'The id is misspelled. Its beginning is enough if it is unique.',
      'The build was deleted: only the newest are kept.',
      'Another data folder is used.',
      'The build has no job for this platform.',
    ],
    fixes: [
      { text: 'See the builds.', terminal: ['barnraiser builds --all'], window: 'Builds' },
      { text: 'Keep more builds.', window: 'Settings › Builds to keep' },
    ],
    settings: ['BARNRAISER_HOME'],
    see: ['build.damaged'],
  },
  'build.newer': {
    title: 'The build was made by a newer Barnraiser',
    meaning: 'Its record has a format that this version does not read. It was not changed.',
    causes: ['Two versions of Barnraiser use the same data folder.', 'Barnraiser was replaced by an older version.'],
    fixes: [{ text: 'Update Barnraiser to see it.', terminal: ['barnraiser --version'] }],
    docs: ['reference/data-folder.md'],
    see: ['settings.newer'],
  },
  'build.damaged': {
    title: 'The record of a build is damaged',
    meaning: 'The file that describes the build cannot be read. Images in local storage are not affected.',
    causes: ['The disk was full or failed when the file was written by something else.', 'The file was edited.'],
    fixes: [
      { text: 'Restore the folder builds/BUILD of the data folder from a backup.' },
      {
        text: 'Or delete the build.',
        terminal: ['barnraiser builds rm BUILD'],
        window: 'Builds › the build › Delete build…',
      },
    ],
    docs: ['reference/data-folder.md'],
    see: ['settings.broken'],
  },
  'build.running': {
    title: 'The build is still running',
    meaning: 'What you asked for is possible only when the build has ended.',
    causes: ['The build runs in the app or in another terminal.'],
    fixes: [
      { text: 'Wait for its end.', terminal: ['barnraiser logs BUILD --follow'], window: 'Builds › the build' },
      { text: 'Or cancel it.', terminal: ['barnraiser cancel BUILD'], window: 'Builds › the build › Cancel' },
    ],
  },
  'build.changed': {
    title: 'The project has changed since the build',
    meaning:
      'The rest of the build would be made of other files than its finished images, and one list would have images of two versions.',
    causes: ['Files of the project were edited after the build was interrupted.', 'Another commit is checked out.'],
    fixes: [
      {
        text: 'Build all of it again.',
        terminal: ['barnraiser build -t REF FOLDER'],
        window: 'Builds › the build › Rebuild…',
      },
      {
        text: 'Or accept the mixture.',
        terminal: ['barnraiser resume BUILD --changed'],
        window: 'Builds › the build › Resume with the changed files',
      },
    ],
    see: ['build.incomplete', 'project.dirty'],
  },
  'bake.unknown': {
    title: 'There is no such bake',
    meaning: 'The id belongs to no bake in the data folder, or its record cannot be read.',
    causes: ['The id is misspelled.', 'The record was damaged, or written by a newer Barnraiser.'],
    fixes: [
      {
        text: 'See the builds of bakes, or bake again.',
        terminal: ['barnraiser builds --all', 'barnraiser bake'],
        window: 'Builds',
      },
    ],
    see: ['build.unknown'],
  },
  'bake.running': {
    title: 'The bake is still running',
    meaning: 'A bake can be started again only when its builds have ended.',
    causes: ['It runs in the app or in another terminal.'],
    fixes: [
      {
        text: 'Wait for its end, or cancel it.',
        terminal: ['barnraiser cancel BUILD'],
        window: 'Builds › the bake › Cancel',
      },
    ],
    see: ['build.running'],
  },
  'bake.dependency': {
    title: 'An image that this one depends on was not built',
    meaning:
      'Images of a bake are built after those that they use. One of those has failed or was cancelled, so this image was not started.',
    causes: ['The other image has failed. Its own problem says why.', 'Its build was cancelled.'],
    fixes: [
      {
        text: 'Correct the other image first.',
        terminal: ['barnraiser builds', 'barnraiser logs BUILD'],
        window: 'Builds › the bake',
      },
      { text: 'Then bake again: what is done is taken from the cache.', terminal: ['barnraiser bake'] },
    ],
    see: ['build.failed', 'recipe.invalid'],
  },
};
