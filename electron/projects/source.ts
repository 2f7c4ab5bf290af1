import { DockerfileParser } from 'dockerfile-ast';

/** An instruction of a Containerfile. `text` is on one line, as engines print it; lines count from 1. */
export interface Instruction {
  readonly text: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

/** What can be read off a Containerfile without running it. */
export interface Source {
  readonly instructions: Instruction[];
  /** Names of its stages, in their order; a stage without a name is not one that can be asked for. */
  readonly stages: string[];
  /** Its build arguments, each once, with the default of its first declaration. */
  readonly buildArgs: { readonly name: string; readonly default?: string }[];
}

export function readSource(text: string): Source {
  const file = DockerfileParser.parse(text);
  const lines = text.split(/\r?\n/);
  const args = new Map<string, string | undefined>();
  for (const arg of file.getARGs()) {
    for (const property of arg.getProperties()) {
      const name = property.getName();
      if (name && !args.has(name)) {
        args.set(name, property.getValue() ?? undefined);
      }
    }
  }
  return {
    instructions: file.getInstructions().map((instruction) => {
      const { start, end } = instruction.getRange();
      const [firstLine, lastLine] = [start.line + 1, end.line + 1];
      return { text: oneLine(lines.slice(start.line, lastLine)), firstLine, lastLine };
    }),
    stages: file
      .getFROMs()
      .map((from) => from.getBuildStage())
      .filter((stage) => stage !== null),
    buildArgs: [...args].map(([name, standard]) => ({
      name,
      ...(standard === undefined ? {} : { default: standard }),
    })),
  };
}

/** Engines print a continued instruction on one line: its line ends, their escapes and comments between go. */
function oneLine(lines: readonly string[]): string {
  return lines
    .filter((line) => !/^\s*#/.test(line))
    .map((line) => line.replace(/[\\`]\s*$/, ''))
    .join('')
    .trim();
}
