import type { GraphLayout } from './graph-layout.ts';

/** The step that a key moves the focus to, or undefined. Up and down stay in the stage, left and right go to the next one. */
export function nextStep({ cells, stages }: GraphLayout, from: string, key: string): string | undefined {
  const cell = cells.get(from);
  const stage = stages.findIndex(({ steps }) => steps.includes(from));
  const steps = stages[stage]?.steps ?? [];
  const index = steps.indexOf(from);
  if (!cell) {
    return undefined;
  }
  switch (key) {
    case 'ArrowDown':
      return steps[index + 1] ?? stages[stage + 1]?.steps[0];
    case 'ArrowUp':
      return steps[index - 1] ?? stages[stage - 1]?.steps.at(-1);
    case 'ArrowRight':
    case 'ArrowLeft':
      return nearestBeside(cells, cell, key === 'ArrowRight' ? 1 : -1);
    case 'Home':
      return stages[0]?.steps[0];
    case 'End':
      return stages.at(-1)?.steps.at(-1);
    default:
      return undefined;
  }
}

/** The step with the nearest row in the nearest column on one side. */
function nearestBeside(
  cells: GraphLayout['cells'],
  from: { column: number; row: number },
  side: 1 | -1,
): string | undefined {
  let best: { readonly id: string; readonly distance: number; readonly rows: number } | undefined;
  for (const [id, { column, row }] of cells) {
    const distance = (column - from.column) * side;
    const rows = Math.abs(row - from.row);
    if (distance > 0 && (!best || distance < best.distance || (distance === best.distance && rows < best.rows))) {
      best = { id, distance, rows };
    }
  }
  return best?.id;
}
