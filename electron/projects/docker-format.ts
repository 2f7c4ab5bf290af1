import type { ProjectWarning } from '../../shared/project.ts';
import { type ParsedContainerfile, type ParsedInstruction, splitFlags, stageName } from './parse-containerfile.ts';

/** What only docker's image format holds. podman leaves it out of an image in OCI format. */
const dockerOnly = ['HEALTHCHECK', 'ONBUILD', 'SHELL'];

/**
 * Warns of instructions that an image in OCI format does not have: one warning for each, at its first line. Only the stages that
 * the configuration of the image comes from count.
 *
 * @param path that of the Containerfile. @param target the stage to build. Default: the last one
 */
export function formatWarnings({ instructions }: ParsedContainerfile, path: string, target?: string): ProjectWarning[] {
  const found = configuringInstructions(instructions, target).filter(
    ({ keyword, rest }) => dockerOnly.includes(keyword) && !(keyword === 'HEALTHCHECK' && /^NONE$/i.test(rest.trim())),
  );
  return dockerOnly.flatMap((keyword) => {
    const first = found.find((instruction) => instruction.keyword === keyword);
    return first
      ? [
          {
            kind: 'format',
            path,
            line: first.firstLine,
            message: `The OCI format has no ${keyword}, so podman leaves it out of the image.`,
            actions: [{ id: 'use-docker-format' as const }],
          },
        ]
      : [];
  });
}

/** The instructions of the stage that is built and of the stages that it is based on, in the order of the Containerfile. */
function configuringInstructions(
  instructions: readonly ParsedInstruction[],
  target: string | undefined,
): ParsedInstruction[] {
  const starts = instructions.flatMap(({ keyword }, position) => (keyword === 'FROM' ? [position] : []));
  const stages = starts.map((start, index) => instructions.slice(start, starts[index + 1]));
  const names = stages.map(([from]) => stageName(from?.rest ?? '')?.toLowerCase());
  const find = (name: string, before: number): number => {
    const named = before > 0 ? names.lastIndexOf(name.toLowerCase(), before - 1) : -1;
    return named < 0 && /^\d+$/.test(name) && Number(name) < before ? Number(name) : named;
  };
  const parts: ParsedInstruction[][] = [];
  let stage = target === undefined ? stages.length - 1 : find(target, stages.length);
  while (stage >= 0) {
    const [from, ...others] = stages[stage] ?? [];
    parts.push(others);
    stage = find(splitFlags(from?.rest ?? '').words[0] ?? '', stage);
  }
  return parts.reverse().flat();
}
