import type { TextsOf } from './problem-text.ts';

/** Barnraiser itself: its input, its data folder, its disk. */
export const appTexts: TextsOf<'input' | 'call' | 'app' | 'settings' | 'disk' | 'releases' | 'bug'> = {
  'input.invalid': {
    title: 'The input is not valid',
    meaning: 'A command line, a form or a setting has a value that Barnraiser does not accept. Nothing was started.',
    causes: [
      'A flag or a name is misspelled, or a flag lacks its value.',
      'Two options exclude each other, such as a farm and single nodes.',
      'A value has another form than expected, such as a platform without its architecture.',
    ],
    fixes: [
      { text: 'Read the message: it names the value and what is expected.' },
      { text: 'Look at the options and examples of the command.', terminal: ['barnraiser help COMMAND'] },
    ],
    docs: ['reference/commands/README.md', 'OPTIONS.md'],
  },
  'call.cancelled': {
    title: 'An action was cancelled',
    meaning:
      'What you started was stopped before its end, by you or because Barnraiser was closed. Nothing is left behind.',
    causes: ['You cancelled it, or pressed Ctrl+C.', 'Barnraiser was closed while it was running.'],
    fixes: [{ text: 'Start it again if you still need it.' }],
    see: ['app.closed', 'build.cancelled'],
  },
  'app.access': {
    title: 'The page has no access to Barnraiser',
    meaning:
      'The browser front end lets in only a browser that has opened the address with its key. The key works once, within ten minutes.',
    causes: [
      'The address was opened before, or in another browser.',
      'The address is older than ten minutes.',
      'Barnraiser was restarted: each start has another key.',
      'All tabs with Barnraiser were closed: the browser keeps the key for open ones only.',
    ],
    fixes: [{ text: 'Start Barnraiser again, and open the address that it prints.', terminal: ['npm start'] }],
    docs: ['reference/network.md'],
  },
  'app.closed': {
    title: 'Barnraiser was closed',
    meaning:
      'While the app is open, commands in a terminal work through it. The app has ended before the command did, and the command ended with it.',
    causes: ['Somebody has closed the app or logged out.', 'The app has crashed.'],
    fixes: [
      { text: 'Run the command again. Without the app it works by itself.' },
      {
        text: 'To run commands that do not depend on the app, switch this off.',
        terminal: ['BARNRAISER_ATTACH=0 barnraiser COMMAND'],
      },
      {
        text: 'Continue a build that was interrupted.',
        terminal: ['barnraiser resume'],
        window: 'Builds › the build › Resume',
      },
    ],
    settings: ['BARNRAISER_ATTACH'],
    see: ['build.incomplete'],
  },
  'app.socket': {
    title: 'The socket of the app cannot be used',
    meaning:
      'Commands reach the running app through a socket that only your user may open. The socket or its folder is open to others, or cannot be made.',
    causes: [
      'The data folder is on a disk without sockets or permissions, such as a network share.',
      'Another user has made a file or folder with the name of the socket.',
      'The permissions of the data folder were changed.',
    ],
    fixes: [
      {
        text: 'Use a data folder that is yours alone.',
        terminal: ['export BARNRAISER_HOME=~/barnraiser', 'chmod 700 ~/barnraiser'],
      },
      { text: 'Nothing else is lost: the app runs, and commands work by themselves.' },
    ],
    settings: ['BARNRAISER_HOME', 'BARNRAISER_ATTACH'],
    docs: ['reference/data-folder.md'],
  },
  'settings.broken': {
    title: 'A file of the data folder is not valid',
    meaning: 'Barnraiser cannot read one of its files. It does not change such a file, so that nothing in it is lost.',
    causes: [
      'The file was edited by hand and is not valid JSON any more, or a value has the wrong form.',
      'The disk was full or damaged when the file was written by something else.',
    ],
    fixes: [
      { text: 'Correct the file where the message says, or restore it from a backup.' },
      { text: 'A copy of the file as it was is beside it, with .broken in its name.' },
      { text: 'Or move it away, and start without what it had.', terminal: ['mv FILE FILE.old'] },
    ],
    settings: ['BARNRAISER_HOME'],
    docs: ['reference/data-folder.md'],
    see: ['settings.newer'],
  },
  'settings.newer': {
    title: 'A file is from a newer Barnraiser',
    meaning: 'A newer Barnraiser has written a file in a format that this one does not know. The file was not changed.',
    causes: ['Two versions of Barnraiser use the same data folder.', 'Barnraiser was replaced by an older version.'],
    fixes: [
      { text: 'Update this Barnraiser.', terminal: ['barnraiser --version'] },
      {
        text: 'Or give the older version a data folder of its own.',
        terminal: ['export BARNRAISER_HOME=~/barnraiser-old'],
      },
    ],
    settings: ['BARNRAISER_HOME'],
    docs: ['reference/data-folder.md'],
    see: ['build.newer'],
  },
  'settings.unreadable': {
    title: 'A file of the data folder cannot be read',
    meaning: 'The file exists, but your user may not read it, or a folder has its name.',
    causes: [
      'Barnraiser was run as root before, for example with sudo, and the file belongs to root.',
      'The permissions of the file or its folder were changed.',
    ],
    fixes: [
      { text: 'Look at the owner and the permissions.', terminal: ['ls -l FILE'] },
      { text: 'Take the data folder back.', terminal: ['sudo chown -R "$USER" ~/.local/share/barnraiser'] },
    ],
    settings: ['BARNRAISER_HOME'],
    see: ['settings.unwritable'],
  },
  'settings.unwritable': {
    title: 'A file or folder cannot be written',
    meaning:
      'Barnraiser could not write where it has to: its data folder, a folder for temporary files, or a file that you named.',
    causes: [
      'The folder belongs to another user, often to root after a command with sudo.',
      'The file system is mounted read-only.',
      'A file is where a folder is needed, or a folder where a file is needed.',
      'The data folder is also used by others, such as a home folder or /tmp.',
    ],
    fixes: [
      { text: 'Look at the owner and the permissions of the path in the message.', terminal: ['ls -ld PATH'] },
      { text: 'Use another data folder.', terminal: ['export BARNRAISER_HOME=~/barnraiser'] },
      {
        text: 'If the path is below the folder for temporary files, name another one.',
        terminal: ['export TMPDIR=/var/tmp'],
      },
    ],
    settings: ['BARNRAISER_HOME', 'TMPDIR'],
    see: ['settings.unreadable', 'disk.full'],
  },
  'settings.locked': {
    title: 'Another process holds a lock',
    meaning:
      'Several processes may share a data folder. Each locks a file while it changes it, which takes less than a second. The lock was not released in time.',
    causes: [
      'Another Barnraiser is doing much with local storage, such as deleting many images.',
      'A process was stopped (Ctrl+Z) while it held the lock.',
      'The data folder is on a slow network disk.',
    ],
    fixes: [
      { text: 'Try again in a moment.' },
      {
        text: 'Look for other processes, and end or continue those that are stopped.',
        terminal: ['pgrep -af barnraiser'],
      },
      { text: 'Only if none is running, remove the lock that the message names.', terminal: ['rmdir PATH.lock'] },
    ],
    docs: ['reference/data-folder.md'],
  },
  'disk.full': {
    title: 'A disk is full',
    meaning: 'There is not enough space on the disk of this computer or of a node. The message says which one.',
    causes: [
      'On a node: images, layers and build caches of earlier builds.',
      'On this computer: images in local storage, or builds with large logs.',
      'The project is large and its files are packed into the folder for temporary files.',
    ],
    fixes: [
      {
        text: 'See what takes space, then free it. There is a preview of what is removed.',
        terminal: ['barnraiser df', 'barnraiser prune --node NODE --dry-run', 'barnraiser prune --node NODE'],
        window: 'Connections › the node › Free disk space…',
      },
      {
        text: 'Delete images that you do not need here.',
        terminal: ['barnraiser images', 'barnraiser rm REF'],
        window: 'Images › the image › Delete image…',
      },
      {
        text: 'Send less: exclude files in .containerignore or .dockerignore.',
        terminal: ['barnraiser build --dry-run FOLDER'],
      },
      { text: 'Pack the project on another disk.', terminal: ['export TMPDIR=/path/with/space'] },
    ],
    settings: ['TMPDIR', 'BARNRAISER_HOME'],
    see: ['engine.disk-low'],
  },
  'releases.unknown': {
    title: 'Nothing says where releases are listed',
    meaning:
      'Barnraiser was asked to look for a newer release. This build has no address of a list of releases, and none was given.',
    causes: ['The build was made from source, without an address.'],
    fixes: [
      {
        text: 'Enter the address of a list of releases.',
        terminal: ['BARNRAISER_RELEASES=URL barnraiser --version --check'],
        window: 'Settings › Look for newer releases',
      },
    ],
    settings: ['BARNRAISER_RELEASES'],
    see: ['releases.unavailable'],
  },
  'releases.unavailable': {
    title: 'The list of releases could not be read',
    meaning:
      'Barnraiser looks for newer releases only if you switch that on, or ask. It could not. All else works as before.',
    causes: [
      'This computer has no connection to the internet, or needs a proxy.',
      'The address is wrong, or its server does not answer.',
      'What the address answers is not a list of releases.',
    ],
    fixes: [
      { text: 'Check the address.', window: 'Settings › Look for newer releases' },
      { text: 'Set the proxy in the environment of Barnraiser: HTTPS_PROXY, NO_PROXY.' },
      { text: 'Try again later.', terminal: ['barnraiser --version --check'] },
    ],
    settings: ['BARNRAISER_RELEASES', 'HTTPS_PROXY'],
    see: ['releases.unknown'],
  },
  bug: {
    title: 'Something went wrong inside Barnraiser',
    meaning: 'This is an error of the program, not of your input. The details show where it happened.',
    causes: [
      'A case that Barnraiser does not handle yet.',
      'In the window: the app has ended, hangs, or was updated while the page was open.',
    ],
    fixes: [
      { text: 'Try again. In the window, reload it first (F5).' },
      {
        text: 'Report it with the details and the steps that led to it. The desktop app writes its errors to desktop.log in the data folder.',
        terminal: ['barnraiser --version'],
      },
    ],
    settings: ['BARNRAISER_HOME'],
  },
};
