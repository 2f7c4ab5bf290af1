import { DockerfileParser } from 'dockerfile-ast';
import type { Instruction } from '../../shared/project.ts';

/** What a Containerfile declares. */
export interface ParsedContainerfile {
  readonly instructions: Instruction[];
  /** The names of its stages, in order. Stages without a name are left out. */
  readonly stages: string[];
  /** Its build arguments, each once, with the default of the first declaration. */
  readonly buildArgs: { readonly name: string; readonly default?: string }[];
}

export function parseContainerfile(text: string): ParsedContainerfile {
  const file = DockerfileParser.parse(text);
  const lines = text.split(/\r?\n/);
  const defaults = new Map<string, string | undefined>();
  for (const arg of file.getARGs()) {
    for (const property of arg.getProperties()) {
      const name = property.getName();
      if (name && !defaults.has(name)) {
        defaults.set(name, property.getValue() ?? undefined);
      }
    }
  }
  return {
    instructions: file.getInstructions().map((instruction) => {
      const { start, end } = instruction.getRange();
      const [firstLine, lastLine] = [start.line + 1, end.line + 1];
      return { text: joinLines(lines.slice(start.line, lastLine)), firstLine, lastLine };
    }),
    stages: file
      .getFROMs()
      .map((from) => from.getBuildStage())
      .filter((stage) => stage !== null),
    buildArgs: [...defaults].map(([name, value]) => ({ name, ...(value === undefined ? {} : { default: value }) })),
  };
}

/** Joins the lines of an instruction as engines do: without the escapes at line ends and the comments in between. */
function joinLines(lines: readonly string[]): string {
  return lines
    .filter((line) => !/^\s*#/.test(line))
    .map((line) => line.replace(/[\\`]\s*$/, ''))
    .join('')
    .trim();
}
