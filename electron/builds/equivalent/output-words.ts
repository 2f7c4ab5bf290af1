/** How podman and docker write the outputs of a build. */
import type { BuildRequest } from '../../../shared/build.ts';
import { type Output, outputOf, outputRow } from '../../../shared/output.ts';
import type { Words } from './option-words.ts';
import { shellWord } from './shell-word.ts';

/** The outputs as words of `docker buildx build`. */
export function buildxOutputs({ outputs = [] }: Pick<BuildRequest, 'outputs'>): Words {
  const parts = outputs.map((text): Words => {
    const output = outputOf(text);
    const type = buildxType(output);
    if (type === undefined) {
      return { words: [], notes: [`docker has no output for this: ${outputRow(output.kind).label}.`] };
    }
    const notes = output.platforms ? ['docker writes all platforms of a build to each output.'] : [];
    if (output.path === undefined) {
      return { words: ['--load'], notes };
    }
    const name = output.name === undefined ? '' : `,name=${output.name}`;
    return { words: [`--output=${shellWord(`${type},dest=${output.path}${name}`)}`], notes };
  });
  return joinWords(parts);
}

function buildxType({ kind }: Output): string | undefined {
  switch (kind) {
    case 'oci-archive':
      return 'type=oci';
    case 'oci':
      return 'type=oci,tar=false';
    case 'docker-archive':
    case 'docker-daemon':
    case 'load':
      return 'type=docker';
    case 'rootfs':
      return 'type=local';
    case 'rootfs-tar':
      return 'type=tar';
    default:
      return undefined;
  }
}

/** The outputs as commands of podman that follow its build. @param isList whether it makes a manifest list */
export function podmanOutputs(
  { outputs = [], reference }: Pick<BuildRequest, 'outputs' | 'reference'>,
  isList: boolean,
): { readonly commands: readonly string[]; readonly notes: readonly string[] } {
  const push = isList ? 'podman manifest push --all' : 'podman push';
  const parts = outputs.map((text): Words => {
    const { kind, path, name } = outputOf(text);
    const to = (transport: string): string => shellWord(`${transport}:${path}${name === undefined ? '' : `:${name}`}`);
    switch (kind) {
      case 'oci-archive':
      case 'oci':
      case 'dir':
        return { words: [`${push} ${shellWord(reference)} ${to(kind)}`], notes: [] };
      case 'docker-archive':
        return { words: [`podman push ${shellWord(reference)} ${to(kind)}`], notes: [] };
      case 'docker-daemon':
        return {
          words: [`podman push ${shellWord(reference)} docker-daemon:${shellWord(name ?? reference)}`],
          notes: [],
        };
      case 'rootfs':
      case 'rootfs-tar': {
        const type = kind === 'rootfs' ? 'local' : 'tar';
        return {
          words: [],
          notes: [`podman writes the root file system in place of an image: --output=type=${type},dest=${path}.`],
        };
      }
      case 'podman':
      case 'load':
        return { words: [], notes: [] };
      default:
        return { words: [], notes: [`podman has no output for this: ${outputRow(kind).label}.`] };
    }
  });
  const { words, notes } = joinWords(parts);
  return { commands: words, notes };
}

function joinWords(parts: readonly Words[]): Words {
  return {
    words: [...new Set(parts.flatMap(({ words }) => words))],
    notes: [...new Set(parts.flatMap(({ notes }) => notes))],
  };
}
