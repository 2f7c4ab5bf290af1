/** Jobs of GitHub Actions and GitLab CI that equal a build. */
import { isAbsolute, relative, sep } from 'node:path';
import type { AppliedAutomatic } from '../../../shared/automatic-options.ts';
import type { Equivalent } from '../../../shared/equivalent.ts';
import { formatList } from '../../../shared/format.ts';
import { parseReference } from '../../../shared/image.ts';
import { platformParts } from '../../../shared/platform.ts';
import { type BuildToTell, buildxWords, contextOf, withInput } from './commands.ts';
import { secretVariable } from './option-words.ts';
import { commandText, shellWord } from './shell-word.ts';

export interface JobInput extends BuildToTell {
  /** The top folder of the git repository, if the project is in one. */
  readonly root: string | undefined;
  readonly automatic: AppliedAutomatic | undefined;
}

/** GitHub takes what follows for an expression, also in quotes of a shell. */
const expressionStart = '$' + '{{';

/** What a job knows of its commit: words for the values of what comes from git. */
type CommitValues = Readonly<Record<'source' | 'revision' | 'created', string>>;

export function githubJob(input: JobInput): Equivalent {
  const { request } = input;
  const script = jobScript(input, {
    source: '"$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"',
    revision: '"$GITHUB_SHA"',
    created: '"$(git show --no-patch --format=%cI)"',
  });
  const { registry, emulated } = jobFacts(input);
  const isOwnRegistry = registry === 'ghcr.io';
  const secrets = (request.secrets ?? []).map((secret) => secretVariable(secret));
  const lines = [
    `name: ${yamlText(`Build ${request.reference}`)}`,
    'on:',
    '  push:',
    '  workflow_dispatch:',
    'jobs:',
    '  build:',
    '    runs-on: ubuntu-latest',
    ...(isOwnRegistry ? ['    permissions:', '      contents: read', '      packages: write'] : []),
    '    steps:',
    '      - uses: actions/checkout@v4',
    ...(emulated.length > 0
      ? ['      - uses: docker/setup-qemu-action@v3', '        with:', `          platforms: ${emulated.join(',')}`]
      : []),
    '      - uses: docker/setup-buildx-action@v3',
    ...(registry === undefined
      ? []
      : [
          '      - uses: docker/login-action@v3',
          '        with:',
          `          registry: ${yamlText(registry)}`,
          `          username: \${{ ${isOwnRegistry ? 'github.actor' : 'secrets.REGISTRY_USERNAME'} }}`,
          `          password: \${{ ${isOwnRegistry ? 'secrets.GITHUB_TOKEN' : 'secrets.REGISTRY_PASSWORD'} }}`,
        ]),
    `      - name: ${yamlText('Build')}`,
    ...(secrets.length > 0
      ? ['        env:', ...secrets.map((name) => `          ${name}: \${{ secrets.${name} }}`)]
      : []),
    '        run: |',
    ...indent(script.text.replaceAll(expressionStart, `${expressionStart} '${expressionStart}' }}`), 10),
    ...(script.archive === undefined
      ? []
      : [
          '      - uses: actions/upload-artifact@v4',
          '        with:',
          '          name: image',
          `          path: ${yamlText(script.archive)}`,
        ]),
  ];
  return {
    kind: 'github',
    text: lines.join('\n'),
    notes: [
      ...script.notes,
      ...(registry === undefined || isOwnRegistry
        ? []
        : ['Add the secrets REGISTRY_USERNAME and REGISTRY_PASSWORD to the repository.']),
      ...emulationNotes(emulated, 'Runners such as ubuntu-24.04-arm build natively, in a job for each platform.'),
    ],
  };
}

export function gitlabJob(input: JobInput): Equivalent {
  const script = jobScript(input, {
    source: '"$CI_PROJECT_URL"',
    revision: '"$CI_COMMIT_SHA"',
    created: '"$CI_COMMIT_TIMESTAMP"',
  });
  const { registry, emulated } = jobFacts(input);
  const isOwnRegistry = registry === 'registry.gitlab.com';
  const [user, password] = isOwnRegistry
    ? ['CI_REGISTRY_USER', 'CI_REGISTRY_PASSWORD']
    : ['REGISTRY_USERNAME', 'REGISTRY_PASSWORD'];
  const before = [
    ...(registry === undefined
      ? []
      : [`echo "$${password}" | docker login --username "$${user}" --password-stdin ${shellWord(registry)}`]),
    ...(emulated.length > 0 ? [`docker run --privileged --rm tonistiigi/binfmt --install ${emulated.join(',')}`] : []),
    // buildx does not take the TLS settings of the service from the environment
    'docker context create builder',
    'docker buildx create --use builder',
  ];
  const lines = [
    'build-image:',
    '  image: docker:28',
    '  services:',
    '    - docker:28-dind',
    '  before_script:',
    ...before.map((command) => `    - ${yamlText(command)}`),
    '  script:',
    '    - |',
    ...indent(script.text, 6),
    ...(script.archive === undefined ? [] : ['  artifacts:', '    paths:', `      - ${yamlText(script.archive)}`]),
  ];
  return {
    kind: 'gitlab',
    text: lines.join('\n'),
    notes: [
      ...script.notes,
      ...(registry === undefined || isOwnRegistry
        ? []
        : ['Add the variables REGISTRY_USERNAME and REGISTRY_PASSWORD to the project.']),
      'The runner has to allow privileged services.',
      ...emulationNotes(emulated, 'Runners of other platforms build natively, in a job for each.'),
    ],
  };
}

function emulationNotes(emulated: readonly string[], advice: string): string[] {
  return emulated.length > 0
    ? [`The job emulates ${formatList(emulated)}, which is often about ten times slower. ${advice}`]
    : [];
}

/** The registry that a job pushes to, and what its amd64 runner emulates. */
function jobFacts({ request, platforms }: JobInput): {
  readonly registry?: string;
  readonly emulated: readonly string[];
} {
  const parsed = request.push ? parseReference(request.push.destination ?? request.reference) : undefined;
  const registry = typeof parsed === 'object' ? parsed.registry : undefined;
  const architectures = platforms.map(({ platform }) => platformParts(platform).architecture);
  return {
    ...(registry === undefined ? {} : { registry }),
    emulated: [...new Set(architectures)].filter((name) => name !== 'amd64' && name !== '386'),
  };
}

/** `docker buildx build` in the work tree of a job. */
function jobScript(input: JobInput, commit: CommitValues) {
  const { request, root, automatic } = input;
  const pathOf = (path: string): string | undefined =>
    isAbsolute(path) ? pathIn(root ?? request.context, path) : path;
  const { values, fixed } = commitWords(automatic, commit);
  const parts = buildxWords(input, { program: 'docker', pathOf, values, isJob: true });
  const isFile = contextOf(input, 'docker').text.startsWith('-');
  const context = (isFile ? undefined : pathOf(request.context)) ?? '.';
  return {
    text: withInput(commandText('docker buildx build', [...parts.words, shellWord(context)]), parts.input),
    notes: [
      ...parts.notes,
      ...(isFile
        ? ['The project is an archive here: the job builds its repository instead.']
        : root === undefined && isAbsolute(request.context)
          ? ['The project is in no git repository here: its path in yours is taken to be the top folder.']
          : []),
      ...(fixed.length > 0 ? [`${formatList(fixed)}: the value is that of this build.`] : []),
    ],
    ...(parts.archive === undefined ? {} : { archive: parts.archive }),
  };
}

/** What comes from git comes from the commit of the job there, as far as a job knows it. */
function commitWords(automatic: AppliedAutomatic | undefined, commit: CommitValues) {
  const words: Readonly<Record<string, string>> = {
    SOURCE: commit.source,
    REVISION: commit.revision,
    'org.opencontainers.image.source': commit.source,
    'org.opencontainers.image.revision': commit.revision,
    'org.opencontainers.image.created': commit.created,
  };
  const names = Object.keys({ ...automatic?.args, ...automatic?.labels });
  return {
    values: Object.fromEntries(
      names.flatMap((name) => (Object.hasOwn(words, name) ? [[name, words[name] ?? '']] : [])),
    ),
    fixed: names.filter((name) => !Object.hasOwn(words, name)),
  };
}

function pathIn(root: string, path: string): string | undefined {
  const name = relative(root, path);
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name)
    ? undefined
    : name.replaceAll(sep, '/') || '.';
}

/** A text as a scalar of YAML: what JSON quotes, YAML reads. */
function yamlText(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

function indent(text: string, spaces: number): string[] {
  return text.split('\n').map((line) => (line === '' ? '' : `${' '.repeat(spaces)}${line}`));
}
