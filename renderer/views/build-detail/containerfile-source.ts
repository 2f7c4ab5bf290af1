import type { CallOutput } from '../../../shared/contract.ts';
import type { Step } from '../../../shared/step.ts';

/** The Containerfile of a build as it was sent, with its instructions. */
export type ContainerfileSource = Readonly<CallOutput<'builds.source'>>;
export type Instruction = ContainerfileSource['instructions'][number];

/** The instruction that a step ran. */
export function instructionOf({ instructions }: ContainerfileSource, { line }: Step): Instruction | undefined {
  return line === undefined ? undefined : instructions.find(({ firstLine }) => firstLine === line);
}

export interface ExcerptLine {
  readonly number: number;
  readonly text: string;
  /** Whether the line belongs to the instruction itself. */
  readonly isHighlighted: boolean;
}

/** At most `maxLines` lines of an instruction or another part, with `contextLines` lines before and after it. */
export function containerfileExcerpt(
  source: ContainerfileSource,
  { firstLine, lastLine }: Pick<Instruction, 'firstLine' | 'lastLine'>,
  contextLines = 3,
  maxLines = 12,
): ExcerptLine[] {
  const lastShown = Math.min(lastLine, firstLine + maxLines - 1);
  const from = Math.max(1, firstLine - contextLines);
  const to = Math.min(source.lines.length, lastShown + contextLines);
  return source.lines.slice(from - 1, to).map((text, index) => {
    const number = from + index;
    return { number, text, isHighlighted: number >= firstLine && number <= lastLine };
  });
}
