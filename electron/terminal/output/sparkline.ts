const blocks = '▁▂▃▄▅▆▇█';

export interface TimedValue {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** Undefined if it was not measured. */
  readonly value: number | undefined;
}

/**
 * A line of blocks for values over a time. Each block is the highest value of its part of the time; a part without values is blank.
 * @param max of the highest block
 */
export function sparkline(
  values: readonly TimedValue[],
  { from, to, max, width }: { from: number; to: number; max: number; width: number },
): string {
  const levels = new Array<number | undefined>(width).fill(undefined);
  for (const { at, value } of values) {
    const column = Math.min(width - 1, Math.floor(((at - from) / (to - from)) * width));
    if (column >= 0 && value !== undefined) {
      levels[column] = Math.max(levels[column] ?? 0, value);
    }
  }
  return levels
    .map((level) =>
      level === undefined
        ? ' '
        : blocks[Math.min(blocks.length - 1, Math.max(0, Math.floor((level / max) * blocks.length)))],
    )
    .join('');
}
