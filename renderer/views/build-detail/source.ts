import { useEffect, useState } from 'react';
import type { Step } from '../../../shared/build.ts';
import type { CallOutput } from '../../../shared/contract.ts';
import { call } from '../../api.ts';

/** The Containerfile of a build as it was sent, with its instructions. */
export type Source = Readonly<CallOutput<'builds.source'>>;
export type Instruction = Source['instructions'][number];

/** The Containerfile of a build; undefined until it has come, and where it was not kept. */
export function useSource(id: string): Source | undefined {
  const [source, setSource] = useState<Source>();
  useEffect(() => {
    let isCurrent = true;
    call('builds.source', { id }).then(
      (found) => {
        if (isCurrent && found.instructions.length > 0) {
          setSource(found);
        }
      },
      // it only adds to what is shown: without it everything else still stands
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [id]);
  return source;
}

const isFrom = ({ text }: Instruction): boolean => /^FROM\s/i.test(text);

/** How many steps each stage has. What stands before the first FROM is no step. */
export function stageLengths({ instructions }: Source): number[] {
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

/** Lines that are continued, and spaces between words, make no difference to an engine. */
function folded(text: string): string {
  return text
    .replaceAll(/\\\s*\n/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * The instruction that a step ran: the one with its text (the second of two that are alike, if an earlier step was the
 * first), else the one at its place in its stage, for engines print some instructions with their variables filled in.
 */
export function instructionOf(source: Source, steps: readonly Step[], step: Step): Instruction | undefined {
  const text = folded(step.text);
  const alike = source.instructions.filter((instruction) => folded(instruction.text) === text);
  if (alike.length > 0) {
    const before = steps.slice(0, steps.indexOf(step)).filter((other) => folded(other.text) === text).length;
    return alike[Math.min(before, alike.length - 1)];
  }
  // a here-document is printed by its first line alone
  const begun = text.includes('<<')
    ? source.instructions.find((instruction) => folded(instruction.text).startsWith(text))
    : undefined;
  return begun ?? atPlace(source, step);
}

function atPlace({ instructions }: Source, step: Step): Instruction | undefined {
  const starts = instructions.flatMap((instruction, index) => (isFrom(instruction) ? [index] : []));
  const [, number] = /^(\d+)\/\d+$/.exec(step.stage ?? '') ?? [];
  const start = starts[number === undefined ? 0 : Number(number) - 1];
  const found = start === undefined ? undefined : instructions[start + step.index - 1];
  const word = (text: string): string => text.trim().split(/\s/, 1)[0]?.toUpperCase() ?? '';
  return found && word(found.text) === word(step.text) ? found : undefined;
}

export interface ExcerptLine {
  readonly number: number;
  readonly text: string;
  /** It belongs to the instruction itself. */
  readonly isMeant: boolean;
}

/** The lines of an instruction with some around it. A long one is cut after `most` of its lines. */
export function excerptOf(source: Source, { firstLine, lastLine }: Instruction, around = 3, most = 12): ExcerptLine[] {
  const last = Math.min(lastLine, firstLine + most - 1);
  const from = Math.max(1, firstLine - around);
  const to = Math.min(source.lines.length, last + around);
  return source.lines.slice(from - 1, to).map((text, index) => {
    const number = from + index;
    return { number, text, isMeant: number >= firstLine && number <= lastLine };
  });
}
