/** The environment variables that the product reads. `reference.test.ts` finds those that are missing here. */

export interface Variable {
  readonly name: string;
  readonly meaning: string;
}

export interface VariableGroup {
  readonly title: string;
  readonly note?: string;
  readonly variables: readonly Variable[];
}

export const variableGroups: readonly VariableGroup[] = [
  {
    title: 'Of Barnraiser',
    variables: [
      {
        name: 'BARNRAISER_HOME',
        meaning:
          'The [data folder](data-folder.md). Default: `~/.local/share/barnraiser` on Linux, `~/Library/Application Support/barnraiser` on macOS, `%LOCALAPPDATA%\\barnraiser\\Data` on Windows.',
      },
      {
        name: 'BARNRAISER_ATTACH',
        meaning: '`0` makes a command work by itself, also while the app is open.',
      },
      {
        name: 'BARNRAISER_RELEASES',
        meaning:
          'The address of a list of releases, for `--version --check` and the setting *Look for newer releases*.',
      },
      {
        name: 'BARNRAISER_SSH_CONFIG',
        meaning:
          'An SSH configuration file to read in place of `~/.ssh/config` and the one of the system; `none` reads no file.',
      },
      {
        name: 'BARNRAISER_KNOWN_HOSTS',
        meaning: 'A known_hosts file to use in place of those of OpenSSH. New host keys are saved there.',
      },
    ],
  },
  {
    title: 'Of signing in and secrets',
    variables: [
      { name: 'SSH_AUTH_SOCK', meaning: 'The socket of your SSH agent: for connections, and for builds with `--ssh`.' },
      { name: 'COSIGN_PASSWORD', meaning: 'The password of a private key, for `sign` and `key generate`.' },
      { name: 'GIT_SSH_COMMAND', meaning: 'How git reaches repositories over SSH.' },
      { name: 'GIT_SSH', meaning: 'The same, as a program.' },
      { name: 'GIT_CONFIG_COUNT', meaning: 'Settings of git that are given in the environment; they are kept.' },
    ],
  },
  {
    title: 'Of registries and networks',
    note: 'A name in small letters wins over the same one in capitals. Builds get the proxies of who starts them unless `--http-proxy=false` is given.',
    variables: [
      { name: 'HTTPS_PROXY', meaning: 'The proxy for https.' },
      { name: 'HTTP_PROXY', meaning: 'The proxy for http.' },
      { name: 'NO_PROXY', meaning: 'Hosts that are reached without a proxy.' },
      { name: 'ALL_PROXY', meaning: 'The proxy for all else; builds get it.' },
      { name: 'FTP_PROXY', meaning: 'The proxy for FTP; builds get it.' },
      { name: 'REGISTRY_AUTH_FILE', meaning: "The file with podman's logins." },
      { name: 'CONTAINERS_REGISTRIES_CONF', meaning: 'The registries.conf to read.' },
      { name: 'SSL_CERT_FILE', meaning: 'A file with certificate authorities to trust.' },
      { name: 'SSL_CERT_DIR', meaning: 'Folders with certificate authorities to trust.' },
      { name: 'NODE_EXTRA_CA_CERTS', meaning: 'A file with further certificate authorities.' },
    ],
  },
  {
    title: 'Of docker, podman and BuildKit',
    note: 'Read to find engines, contexts and logins that this computer already knows.',
    variables: [
      { name: 'DOCKER_HOST', meaning: 'The address of a docker.' },
      { name: 'DOCKER_CONTEXT', meaning: 'The docker context that is in use.' },
      { name: 'DOCKER_CONFIG', meaning: "The folder of docker's settings and logins. Default: `~/.docker`." },
      { name: 'DOCKER_TLS', meaning: 'Whether DOCKER_HOST uses TLS.' },
      { name: 'DOCKER_TLS_VERIFY', meaning: 'Whether DOCKER_HOST uses TLS and its certificate is checked.' },
      { name: 'DOCKER_CERT_PATH', meaning: 'The folder with the TLS files of DOCKER_HOST.' },
      {
        name: 'DOCKER_BUILDKIT',
        meaning: '`0` makes docker nodes build with the classic builder, as it does for the docker command.',
      },
      { name: 'BUILDX_CONFIG', meaning: 'The folder with the builders of docker buildx.' },
      { name: 'BUILDKIT_HOST', meaning: 'The address of a BuildKit daemon.' },
      { name: 'CONTAINER_HOST', meaning: 'The address of a podman.' },
      { name: 'CONTAINER_SSHKEY', meaning: 'The identity for CONTAINER_HOST.' },
      { name: 'CONTAINERS_CONF', meaning: 'The containers.conf to read.' },
      { name: 'CONTAINERS_CONF_OVERRIDE', meaning: 'A containers.conf that is read last.' },
      { name: 'PODMAN_CONNECTIONS_CONF', meaning: "The file with podman's connections." },
      { name: 'LINUXKIT_PKG_ORG', meaning: 'The organisation of LinuxKit packages, as `pkg --org`.' },
    ],
  },
  {
    title: 'Of builds',
    note: 'Besides these, a build reads the variables that its own options name: `--build-arg NAME`, `--label NAME`, `--secret id=ID,env=NAME`, variables of bake and compose files.',
    variables: [
      { name: 'SOURCE_DATE_EPOCH', meaning: 'The time that SBOMs have, in seconds since 1970.' },
      { name: 'TMPDIR', meaning: 'The folder for temporary files, among them packed contexts.' },
    ],
  },
  {
    title: 'Of the terminal and the system',
    variables: [
      { name: 'NO_COLOR', meaning: 'If it is set, output has no colors.' },
      { name: 'TERM', meaning: '`dumb` has no colors.' },
      { name: 'PATH', meaning: 'Where programs are: git, kubectl, credential helpers, a browser.' },
      { name: 'SHELL', meaning: 'The shell that runs a ProxyCommand.' },
      { name: 'USER', meaning: 'Your user name, where the system does not say it.' },
      { name: 'LOGNAME', meaning: 'The same.' },
      { name: 'USERNAME', meaning: 'The same on Windows.' },
      { name: 'USERPROFILE', meaning: 'Your home folder on Windows.' },
      { name: 'APPDATA', meaning: 'The folder of settings on Windows.' },
      { name: 'LOCALAPPDATA', meaning: 'The folder of local data on Windows.' },
      { name: 'PROGRAMFILES', meaning: 'The folder of programs on Windows.' },
      { name: 'ProgramData', meaning: 'The folder of settings for all users on Windows.' },
      { name: 'XDG_DATA_HOME', meaning: 'The folder of data. Default: `~/.local/share`.' },
      { name: 'XDG_CONFIG_HOME', meaning: 'The folder of settings of other programs. Default: `~/.config`.' },
      { name: 'XDG_RUNTIME_DIR', meaning: "The folder of sockets, among them podman's." },
      { name: 'INIT_CWD', meaning: 'Where npm was started, so that `npm run barnraiser` finds relative paths.' },
      { name: 'npm_lifecycle_event', meaning: 'The script that npm runs, for the same.' },
      { name: 'npm_package_json', meaning: 'The package that npm runs, for the same.' },
      { name: 'npm_package_name', meaning: 'Its name, for the same.' },
    ],
  },
  {
    title: 'Set by Barnraiser',
    note: 'Only for programs that it starts.',
    variables: [
      {
        name: 'BARNRAISER_FRONT_END',
        meaning:
          '`terminal`, by the `barnraiser` command of the deb and rpm packages, so that the app runs a command in place of its window.',
      },
      {
        name: 'BARNRAISER_GIT_USER',
        meaning: 'The user name of a git URL, for git, so that it is not on a command line.',
      },
      { name: 'BARNRAISER_GIT_PASSWORD', meaning: 'Its password, in the same manner.' },
    ],
  },
];

export function environmentPage(): string {
  const groups = variableGroups.map(
    ({ title, note, variables }) =>
      `\n## ${title}\n\n${note === undefined ? '' : `${note}\n\n`}| variable | meaning |\n| --- | --- |\n${variables.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |\n`).join('')}`,
  );
  return `# Environment variables

Barnraiser has few variables of its own, and reads those of the programs that it works with. While the app is open, a command uses its
own values of those that say how engines, registries and agents are reached; if they differ from those of the app, the command works by itself.

Made by \`npx vitest run --project rules -u\` from \`e2e/rules/reference/environment.ts\`; a test finds variables that are read and not listed.
${groups.join('')}`;
}
