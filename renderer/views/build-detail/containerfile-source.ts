import type { Step } from '../../../shared/build.ts';
import type { CallOutput } from '../../../shared/contract.ts';

/** The Containerfile of a build as it was sent, with its instructions. */
export type ContainerfileSource = Readonly<CallOutput<'builds.source'>>;
export type Instruction = ContainerfileSource['instructions'][number];

const isFrom = ({ text }: Instruction): boolean => /^FROM\s/i.test(text);

/** The number of steps of each stage. Instructions before the first FROM are not steps. */
export function stageLengths({ instructions }: ContainerfileSource): number[] {
  const lengths: number[] = [];
  for (const instruction of instructions) {
    if (isFrom(instruction)) {
      lengths.push(0);
    }
    const last = lengths.length - 1;
    if (last >= 0) {
      lengths[last] = (lengths[last] ?? 0) + 1;
    }
  }
  return lengths;
}

/** Engines ignore line continuations and repeated spaces. */
function normalized(text: string): string {
  return text
    .replaceAll(/\\\s*\n/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * The instruction that a step ran: the instruction with the text of the step, else the one at its position in its stage,
 * since engines print some instructions with variables expanded. Of several equal instructions, the nth equal step ran the
 * nth.
 */
export function instructionOf(
  source: ContainerfileSource,
  steps: readonly Step[],
  step: Step,
): Instruction | undefined {
  const text = normalized(step.text);
  const equal = source.instructions.filter((instruction) => normalized(instruction.text) === text);
  if (equal.length > 0) {
    const earlier = steps.slice(0, steps.indexOf(step)).filter((other) => normalized(other.text) === text).length;
    return equal[Math.min(earlier, equal.length - 1)];
  }
  // engines print only the first line of a here-document
  const hereDocument = text.includes('<<')
    ? source.instructions.find((instruction) => normalized(instruction.text).startsWith(text))
    : undefined;
  return hereDocument ?? instructionAtPosition(source, step);
}

function instructionAtPosition({ instructions }: ContainerfileSource, step: Step): Instruction | undefined {
  const stageStarts = instructions.flatMap((instruction, index) => (isFrom(instruction) ? [index] : []));
  const [, stage] = /^(\d+)\/\d+$/.exec(step.stage ?? '') ?? [];
  const start = stageStarts[stage === undefined ? 0 : Number(stage) - 1];
  const candidate = start === undefined ? undefined : instructions[start + step.index - 1];
  const keyword = (text: string): string => text.trim().split(/\s/, 1)[0]?.toUpperCase() ?? '';
  return candidate && keyword(candidate.text) === keyword(step.text) ? candidate : undefined;
}

export interface ExcerptLine {
  readonly number: number;
  readonly text: string;
  /** Whether the line belongs to the instruction itself. */
  readonly isHighlighted: boolean;
}

/** At most `maxLines` lines of an instruction, with `contextLines` lines before and after it. */
export function containerfileExcerpt(
  source: ContainerfileSource,
  { firstLine, lastLine }: Instruction,
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
