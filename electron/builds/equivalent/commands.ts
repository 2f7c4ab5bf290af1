/** The commands of podman and docker that equal a build. */
import { basename, isAbsolute } from 'node:path';
import type { BuildRequest } from '../../../shared/build.ts';
import type { Equivalent } from '../../../shared/equivalent.ts';
import { furtherPushes } from '../../../shared/further-pushes.ts';
import { isGitUrl } from '../../../shared/git-url.ts';
import { parseReference } from '../../../shared/image.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { Mode } from '../../../shared/schedule.ts';
import { standardInput } from '../../context/containerfile.ts';
import { optionWords, type WordContext } from './option-words.ts';
import { buildxOutputs, podmanOutputs } from './output-words.ts';
import { commandText, shellWord } from './shell-word.ts';

/** A build as it was or would be. */
export interface BuildToTell {
  /** With what came from git among its arguments and labels. */
  readonly request: BuildRequest;
  readonly platforms: readonly { readonly platform: Platform; readonly node?: string; readonly mode?: Mode }[];
  /** The Containerfile: an absolute path, one inside a repository or archive, or `standardInput`. */
  readonly containerfile: string;
}

const local = { pathOf: (path: string): string => path };

/** One command for each platform, which together make a manifest list. */
export function podmanCommands(build: BuildToTell): Equivalent {
  const { request, platforms } = build;
  const { words, notes } = optionWords(request, { program: 'podman', ...local });
  const isList = platforms.length > 1;
  const context = contextOf(build, 'podman');
  const name = shellWord(request.reference);
  const outputs = podmanOutputs(request, isList);
  const commands = platforms.map(({ platform, node, mode }) => {
    const files = fileWords(build, 'podman', platform);
    const where = node === undefined ? '' : `# on ${node}${mode === 'emulated' ? ', emulated' : ''}\n`;
    const all = [
      `--platform=${platform}`,
      `--${isList ? 'manifest' : 'tag'}=${name}`,
      ...words,
      ...files.words,
      context.text,
    ];
    return where + withInput(commandText('podman build', all), files.input);
  });
  return {
    kind: 'podman',
    text: [...commands, ...podmanPush(request, isList), ...outputs.commands].join('\n\n'),
    notes: [
      ...notes,
      ...context.notes,
      ...outputs.notes,
      ...(isList
        ? [
            'Run all commands on one computer, which emulates what it does not run. An older list of this name gets more images: remove it first.',
          ]
        : []),
      ...(isList && request.listAnnotations ? ['Annotate the list with podman manifest annotate.'] : []),
    ],
  };
}

function podmanPush(request: BuildRequest, isList: boolean): string[] {
  const { reference, push } = request;
  if (!push) {
    return [];
  }
  const verify = push.tlsVerify ? [] : ['--tls-verify=false'];
  const start = isList ? ['podman manifest push', '--all'] : ['podman push'];
  return [push.destination ?? reference, ...furtherPushes(request)].map((destination) =>
    [...start, ...verify, shellWord(reference), shellWord(`docker://${destination}`)].join(' '),
  );
}

export function podmanFarmCommand(build: BuildToTell): Equivalent {
  const { request, platforms } = build;
  const { words, notes } = optionWords(request, { program: 'podman', ...local });
  const files = fileWords(build, 'podman');
  const name = pushedName(request);
  const context = contextOf(build, 'podman');
  const all = [
    ...(request.farm === undefined ? [] : [`--farm=${shellWord(request.farm)}`]),
    `--platforms=${platforms.map(({ platform }) => platform).join(',')}`,
    `--tag=${shellWord(name)}`,
    ...(request.push?.tlsVerify === false ? ['--tls-verify=false'] : []),
    ...words,
    ...files.words,
    context.text,
  ];
  return {
    kind: 'podman-farm',
    text: withInput(commandText('podman farm build', all), files.input),
    notes: [
      ...notes,
      ...context.notes,
      ...files.notes,
      'podman needs the same farm: podman system connection add, then podman farm create.',
      'podman always pushes to a registry, and chooses the nodes itself.',
      ...(Object.keys(request.pins).length > 0 ? ['Platforms cannot be pinned to nodes.'] : []),
      ...furtherPushes(request).map((each) => `Copy the image to ${each} afterwards, with skopeo copy --all.`),
      ...(name === request.reference && request.push
        ? []
        : [`Replace ${name} if it is not where the image should go.`]),
    ],
  };
}

export function buildxCommand(build: BuildToTell): Equivalent {
  const { platforms } = build;
  const parts = buildxWords(build, { program: 'docker', ...local });
  const context = contextOf(build, 'docker');
  return {
    kind: 'buildx',
    text: withInput(commandText('docker buildx build', [...parts.words, context.text]), parts.input),
    notes: [
      ...context.notes,
      ...parts.notes,
      ...(platforms.length > 1
        ? ['The builder needs a node for each platform (docker buildx create --append), or it emulates.']
        : []),
    ],
  };
}

/** A context as the last word of a command, perhaps with what the command reads. */
export function contextOf(
  { request, containerfile }: BuildToTell,
  program: 'podman' | 'docker',
): { readonly text: string; readonly notes: readonly string[] } {
  const { context } = request;
  if (context === '-') {
    return { text: '-', notes: ['Pipe the same archive or Containerfile into the command.'] };
  }
  const isArchive = !isGitUrl(context) && !isAbsolute(containerfile) && containerfile !== standardInput;
  if (!isArchive) {
    return { text: shellWord(context), notes: [] };
  }
  return program === 'docker'
    ? { text: `- < ${shellWord(context)}`, notes: [] }
    : { text: shellWord(context), notes: ['podman builds no archive: unpack it, and name the folder.'] };
}

/** The words of `docker buildx build`, without the context. */
export function buildxWords(build: BuildToTell, context: WordContext) {
  const { request, platforms } = build;
  const { words, notes } = optionWords(request, context);
  const files = fileWords(build, 'docker', undefined, context.pathOf);
  const { push } = request;
  const name = push ? (push.destination ?? request.reference) : request.reference;
  const archive = archiveName(request.reference);
  const outputs = context.isJob ? { words: [], notes: [] } : buildxOutputs(request);
  const output = push
    ? ['--push', ...outputs.words]
    : outputs.words.length > 0
      ? outputs.words
      : platforms.length > 1 || context.isJob
        ? [`--output=type=oci,dest=${archive}`]
        : ['--load'];
  return {
    words: [
      `--platform=${platforms.map(({ platform }) => platform).join(',')}`,
      // the further names are among the options
      ...[name, ...(push?.more ?? [])].map((each) => `--tag=${shellWord(each)}`),
      // buildx adds attestations, which make a list of an image
      ...(request.provenance ? [] : ['--provenance=false']),
      ...words,
      ...files.words,
      ...output,
    ],
    notes: [
      ...notes,
      ...files.notes,
      ...outputs.notes,
      ...(push && !push.tlsVerify ? ['The registry has to be insecure in the configuration of the builder.'] : []),
      ...(!push && outputs.words.length === 0 && platforms.length > 1
        ? [`docker without containerd's image store holds no images for several platforms, so they go to ${archive}.`]
        : []),
    ],
    input: files.input,
    /** The archive that the command writes, if it does. */
    ...(output[0]?.includes(archive) ? { archive } : {}),
  };
}

/** `api-1.4.tar` of `registry.example.com/team/api:1.4`. */
function archiveName(reference: string): string {
  return `${reference.slice(reference.lastIndexOf('/') + 1).replace(':', '-')}.tar`;
}

/** The name of an image that has to be pushed, with an example of a registry if none is known. */
function pushedName({ reference, push }: BuildRequest): string {
  const name = push?.destination ?? reference;
  const parsed = parseReference(name);
  return typeof parsed === 'object' && parsed.registry === undefined ? `registry.example.com/${name}` : name;
}

interface FileWords {
  readonly words: readonly string[];
  readonly notes: readonly string[];
  /** What the command reads from standard input. */
  readonly input?: string;
}

/** Which Containerfile a command builds. */
function fileWords(
  { request, containerfile }: BuildToTell,
  program: 'podman' | 'docker',
  platform?: Platform,
  pathOf: (path: string) => string | undefined = (path) => path,
): FileWords {
  const own = platform === undefined ? undefined : request.filesFor?.[platform];
  const notes =
    platform === undefined && Object.keys(request.filesFor ?? {}).length > 0
      ? ['All platforms have the same Containerfile there.']
      : [];
  if (own === undefined && containerfile === standardInput) {
    return { words: ['--file=-'], notes, input: request.containerfile ?? '' };
  }
  const path = own ?? containerfile;
  const there = pathOf(path);
  const further = program === 'podman' && own === undefined ? (request.files ?? []) : [];
  // docker finds only a Dockerfile by itself; podman looks for the same files as Barnraiser
  const names =
    program === 'docker' ? ['Dockerfile'] : request.file === undefined ? ['Containerfile', 'Dockerfile'] : [];
  const isFound = further.length === 0 && names.some((name) => path === name || path === `${request.context}/${name}`);
  return {
    words: [
      ...(isFound ? [] : [`--file=${shellWord(there ?? basename(path))}`]),
      ...further.map((file) => `--file=${shellWord(file)}`),
    ],
    notes: [
      ...notes,
      ...(there === undefined ? [`The Containerfile is not in the repository: ${path}.`] : []),
      ...(program === 'docker' && (request.files ?? []).length > 0
        ? ['docker builds one Containerfile: join the files first.']
        : []),
    ],
  };
}

/** A command with a text as its standard input. */
export function withInput(command: string, input: string | undefined): string {
  if (input === undefined) {
    return command;
  }
  const lines = input.replace(/\n$/, '').split('\n');
  let end = 'EOF';
  while (lines.includes(end)) {
    end = `${end}_`;
  }
  return [`${command} <<'${end}'`, ...lines, end].join('\n');
}
