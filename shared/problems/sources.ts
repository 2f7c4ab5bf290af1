import type { TextsOf } from './problem-text.ts';

/** The files of a project, and where they come from. */
export const sourceTexts: TextsOf<'context' | 'source'> = {
  'context.missing': {
    title: 'A folder of the build does not exist',
    meaning:
      'The project folder, an additional context or a folder that a file names is not there, or is not a folder.',
    causes: [
      'The path is misspelled, or relative to another folder.',
      'The project was moved or deleted since the last build.',
      'The folder after the last colon of a git URL does not exist in that commit.',
    ],
    fixes: [
      { text: 'Look at it.', terminal: ['ls -ld FOLDER'] },
      {
        text: 'Name the folder with the Containerfile.',
        terminal: ['barnraiser build -t REF FOLDER'],
        window: 'New build › Choose folder',
      },
    ],
    see: ['context.file-missing', 'source.reference'],
  },
  'context.file-missing': {
    title: 'There is no Containerfile',
    meaning: 'The folder has neither a Containerfile nor a Dockerfile, or the file that you named does not exist.',
    causes: [
      'The file has another name, such as api.Dockerfile.',
      'The wrong folder was chosen, often one too high.',
      'A folder has the name of the file.',
      'The file is outside of the project.',
    ],
    fixes: [
      {
        text: 'Name the file.',
        terminal: ['barnraiser build -f FILE -t REF FOLDER'],
        window: 'New build › Containerfile',
      },
      { text: 'See what is in the folder.', terminal: ['ls -a FOLDER'] },
    ],
    see: ['context.missing', 'context.containerfile'],
  },
  'context.ignore-file': {
    title: 'The ignore file is not valid',
    meaning:
      '.containerignore or .dockerignore has a line that is not a valid pattern, or the file itself cannot be used. Engines would refuse it, too.',
    causes: [
      'A [ is not closed, a range goes from high to low, or a line ends in a backslash.',
      'A line has only an exclamation mark.',
      'A folder has the name of the file, or it is a link out of the project.',
    ],
    fixes: [
      { text: 'Correct the line that the message names.' },
      {
        text: 'See what is sent then.',
        terminal: ['barnraiser build --dry-run FOLDER'],
        window: 'New build shows it under Files',
      },
    ],
    see: ['context.unreadable'],
  },
  'context.unreadable': {
    title: 'A file of the project cannot be sent',
    meaning: 'All files of the project that are not ignored are sent to the nodes. One of them cannot be read or sent.',
    causes: [
      'Your user may not read it, for example because a container has made it as root.',
      'It is a link in a circle or out of the project, a pipe, a socket or a device.',
      'Its name is not valid UTF-8.',
      'A Containerfile, ignore file or recipe is larger than Barnraiser reads.',
    ],
    fixes: [
      { text: 'Exclude what the build does not need.', terminal: ["echo 'PATH' >> FOLDER/.containerignore"] },
      { text: 'Or make it readable.', terminal: ['chmod -R u+rX PATH'] },
      {
        text: 'Find names that are not valid UTF-8.',
        terminal: ["LC_ALL=C.UTF-8 find FOLDER -print | grep -a -v -x '.*'"],
      },
    ],
    see: ['context.ignore-file', 'context.changed'],
  },
  'context.containerfile': {
    title: 'The Containerfile has an error',
    meaning: 'A line cannot be built by any engine, or has warnings that you count as errors. Nothing was sent.',
    causes: [
      'An instruction is misspelled or lacks a value.',
      'The file does not begin with FROM.',
      'The build has --lint=error, and a rule found something.',
    ],
    fixes: [
      {
        text: 'See all findings with their lines.',
        terminal: ['barnraiser lint FOLDER'],
        window: 'New build › Containerfile',
      },
      { text: 'Leave a rule out with a line at the top of the file, such as # check=skip=UndefinedVar.' },
      { text: 'Build in spite of warnings.', terminal: ['barnraiser build --lint=warn -t REF FOLDER'] },
    ],
    see: ['build.failed', 'context.file-missing'],
  },
  'context.changed': {
    title: 'The project changed while it was packed',
    meaning:
      'A file was changed, replaced or removed while its content was read, so that nodes might get half of it. The build was stopped.',
    causes: [
      'An editor, a compiler or a download writes into the folder.',
      'Another build writes its output there.',
      'git checked out another commit at that moment.',
    ],
    fixes: [
      {
        text: 'Build again when nothing writes to the folder.',
        terminal: ['barnraiser retry BUILD'],
        window: 'Builds › the build › Retry',
      },
      { text: 'Exclude folders that tools write to.', terminal: ["echo 'dist/' >> FOLDER/.containerignore"] },
    ],
    see: ['context.unreadable'],
  },
  'context.archive': {
    title: 'The archive cannot be unpacked',
    meaning:
      'The project is an archive that Barnraiser cannot read, or does not unpack because it would write outside of its folder.',
    causes: [
      'It is not a tar, plain or compressed by gzip, zstd, xz or bzip2.',
      'The program for its compression is not installed here.',
      'It is damaged or was not downloaded completely.',
      'Paths or links in it lead out of the archive.',
    ],
    fixes: [
      { text: 'See what it is and what it has.', terminal: ['file ARCHIVE', 'tar -tf ARCHIVE'] },
      { text: 'Make it again, from inside the project.', terminal: ['tar -czf project.tar.gz -C FOLDER .'] },
      { text: 'Install the program for its compression.', terminal: ['sudo apt install xz-utils zstd bzip2'] },
    ],
    see: ['source.input'],
  },
  'source.git': {
    title: 'git could not get the project',
    meaning:
      'Projects from git URLs are fetched by the git of this computer, which is missing or has failed. Its last lines are in the details.',
    causes: [
      'git is not installed, or not in the PATH of Barnraiser.',
      'git failed for a reason that Barnraiser does not know.',
      'The repository has an extreme number of branches and tags.',
    ],
    fixes: [
      { text: 'Try the same with git.', terminal: ['git ls-remote URL'] },
      { text: 'Install it.', terminal: ['sudo apt install git'] },
    ],
    settings: ['PATH', 'GIT_SSH_COMMAND'],
    see: ['source.access', 'source.reference'],
  },
  'source.access': {
    title: 'The repository cannot be reached',
    meaning: 'git could not connect to the repository or sign in to it.',
    causes: [
      'The repository needs a login, and git has none for it.',
      'The repository does not exist, or your login may not see it.',
      'Your SSH agent has no key for it, or the host key is not known to ssh.',
      'The host cannot be reached, or its certificate is not trusted.',
    ],
    fixes: [
      {
        text: 'Try the same with git: it must not ask for anything.',
        terminal: ['GIT_TERMINAL_PROMPT=0 git ls-remote URL'],
      },
      {
        text: 'Give git a login that it finds by itself.',
        terminal: ['git config --global credential.helper store', 'git ls-remote URL'],
      },
      { text: 'For SSH URLs, add a key and connect once.', terminal: ['ssh-add ~/.ssh/id_ed25519', 'ssh -T git@HOST'] },
    ],
    settings: ['SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'HTTPS_PROXY'],
    see: ['source.git', 'source.reference'],
  },
  'source.reference': {
    title: 'The branch, tag or commit does not exist',
    meaning:
      'The repository was reached, but what the URL names after # is not in it, or a submodule cannot be fetched.',
    causes: [
      'The name is misspelled, or the branch was deleted.',
      'A commit is shortened: it needs all its digits.',
      'The commit is on no branch and no tag, and the server does not give it away.',
      'A submodule has a URL that is not fetched.',
    ],
    fixes: [
      { text: 'See what the repository has.', terminal: ['git ls-remote URL'] },
      {
        text: 'Build without submodules.',
        terminal: ['barnraiser build -t REF "https://HOST/REPOSITORY.git?submodules=false#main"'],
      },
    ],
    see: ['source.access', 'context.missing'],
  },
  'source.input': {
    title: 'Standard input cannot be used as the project',
    meaning: 'The command reads a tar or a Containerfile from standard input, and got none, or it is no longer there.',
    causes: [
      'Nothing was piped into the command, or the program before it failed.',
      'What was piped is neither an archive nor a Containerfile.',
      'A build from standard input is retried, watched or scheduled, which needs it again.',
    ],
    fixes: [
      { text: 'Pipe a tar of the project.', terminal: ['tar -c -C FOLDER . | barnraiser build -t REF -'] },
      { text: 'Or a Containerfile alone.', terminal: ['barnraiser build -t REF - < Containerfile'] },
    ],
    see: ['context.archive'],
  },
};
