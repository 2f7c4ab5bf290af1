import type { Bar } from './step-rows.ts';

/** The bar that a key moves the focus to, or undefined. `by` is how the waterfall groups its bars. */
export function nextBar(bars: readonly Bar[], from: Bar, key: string, by: 'step' | 'platform'): Bar | undefined {
  const samePlatform = bars.filter(({ lane }) => lane === from.lane).sort((a, b) => a.row - b.row);
  const index = samePlatform.indexOf(from);
  switch (key) {
    case 'ArrowRight':
      return samePlatform[index + 1];
    case 'ArrowLeft':
      return samePlatform[index - 1];
    case 'Home':
      return samePlatform[0];
    case 'End':
      return samePlatform.at(-1);
    case 'ArrowDown':
    case 'ArrowUp': {
      const offset = key === 'ArrowDown' ? 1 : -1;
      return by === 'step' ? neighbourInRows(bars, from, offset) : nearestInLane(bars, from, from.lane + offset);
    }
    default:
      return undefined;
  }
}

function neighbourInRows(bars: readonly Bar[], from: Bar, offset: number): Bar | undefined {
  const ordered = [...bars].sort((a, b) => a.row - b.row || a.lane - b.lane);
  return ordered[ordered.indexOf(from) + offset];
}

function nearestInLane(bars: readonly Bar[], from: Bar, lane: number): Bar | undefined {
  return bars
    .filter((bar) => bar.lane === lane)
    .sort((a, b) => Math.abs(a.row - from.row) - Math.abs(b.row - from.row))[0];
}
