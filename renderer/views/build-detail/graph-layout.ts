/**
 * Where the steps of a graph are drawn. A stage is a column of steps, from top to bottom, and stages that can run at once are side
 * by side. A step is below all steps that it uses. The time that it takes grows with the number of steps and inputs, except for
 * sorting.
 */

export interface GraphStep {
  readonly id: string;
  /** Steps with the same stage are drawn in one group. */
  readonly stage: string;
  /** The ids of the steps that it uses. */
  readonly inputs: readonly string[];
}

/** A position in the grid: both count from 0. */
export interface Cell {
  readonly column: number;
  readonly row: number;
}

/** A stage with the cells that it covers. */
export interface StageBox extends Cell {
  readonly stage: string;
  readonly columns: number;
  readonly rows: number;
  /** The ids of its steps, from top to bottom. */
  readonly steps: readonly string[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** It leads from one stage to another. */
  readonly isCrossing: boolean;
}

export interface GraphLayout {
  readonly cells: ReadonlyMap<string, Cell>;
  /** In the order in which the stages first appear. */
  readonly stages: readonly StageBox[];
  readonly edges: readonly GraphEdge[];
  readonly columns: number;
  readonly rows: number;
}

/** Rows that stay free between two stages of a column, for the name of the lower one. */
const rowsBetween = 1;

export function layoutGraph(steps: readonly GraphStep[]): GraphLayout {
  const edges = edgesOf(steps);
  const rows = rowsOf(steps, edges);
  const cells = new Map<string, Cell>();
  const stages: StageBox[] = [];
  /** The last row of each column that is taken. */
  const ends: number[] = [];
  for (const [stage, members] of groupBy(steps, (step) => step.stage)) {
    const box = stageBox(stage, members, rows);
    const column = findColumn(ends, box);
    for (let index = column; index < column + box.columns; index += 1) {
      ends[index] = box.row + box.rows;
    }
    for (const [id, lane] of box.lanes) {
      cells.set(id, { column: column + lane, row: rows.get(id) ?? 0 });
    }
    const { lanes: _, ...facts } = box;
    stages.push({ ...facts, column });
  }
  return { cells, stages, edges, columns: ends.length, rows: Math.max(0, ...ends) };
}

/** The inputs that are steps. An engine may name others. */
function edgesOf(steps: readonly GraphStep[]): GraphEdge[] {
  const stageOf = new Map(steps.map(({ id, stage }) => [id, stage]));
  return steps.flatMap(({ id, stage, inputs }) =>
    [...new Set(inputs)]
      .filter((input) => input !== id && stageOf.has(input))
      .map((from) => ({ from, to: id, isCrossing: stageOf.get(from) !== stage })),
  );
}

/** The row of each step: below its inputs, and a step that uses nothing is right above the first one that uses it. */
function rowsOf(steps: readonly GraphStep[], edges: readonly GraphEdge[]): Map<string, number> {
  const users = groupBy(edges, ({ from }) => from);
  const rows = new Map(steps.map(({ id }) => [id, 0]));
  for (const id of inOrder(steps, edges, users)) {
    const below = (rows.get(id) ?? 0) + 1;
    for (const { to } of users.get(id) ?? []) {
      rows.set(to, Math.max(rows.get(to) ?? 0, below));
    }
  }
  const usesOthers = new Set(edges.map(({ to }) => to));
  for (const { id } of steps) {
    const below = (users.get(id) ?? []).map(({ to }) => rows.get(to) ?? 0);
    if (!usesOthers.has(id) && below.length > 0) {
      rows.set(id, Math.max(0, Math.min(...below) - 1));
    }
  }
  return rows;
}

/** The steps, each after its inputs. Those in a circle, which only a faulty engine reports, are left out. */
function inOrder(
  steps: readonly GraphStep[],
  edges: readonly GraphEdge[],
  users: ReadonlyMap<string, readonly GraphEdge[]>,
): string[] {
  const missing = new Map<string, number>();
  for (const { to } of edges) {
    missing.set(to, (missing.get(to) ?? 0) + 1);
  }
  const order = steps.map(({ id }) => id).filter((id) => !missing.has(id));
  // grows while it is read
  for (const id of order) {
    for (const { to } of users.get(id) ?? []) {
      const left = (missing.get(to) ?? 0) - 1;
      missing.set(to, left);
      if (left === 0) {
        order.push(to);
      }
    }
  }
  return order;
}

/** A stage, with a column of its own for each of its steps in the same row. */
function stageBox(stage: string, members: readonly GraphStep[], rowOf: ReadonlyMap<string, number>) {
  const sorted = members.map(({ id }) => ({ id, row: rowOf.get(id) ?? 0 })).sort((a, b) => a.row - b.row);
  const lanes = new Map<string, number>();
  const used = new Map<number, number>();
  for (const { id, row } of sorted) {
    const lane = used.get(row) ?? 0;
    lanes.set(id, lane);
    used.set(row, lane + 1);
  }
  const first = sorted[0]?.row ?? 0;
  return {
    stage,
    lanes,
    steps: sorted.map(({ id }) => id),
    row: first,
    rows: (sorted.at(-1)?.row ?? 0) - first + 1,
    columns: Math.max(1, ...used.values()),
  };
}

/** The first column that is free for a stage, with those right of it that the stage needs. */
function findColumn(ends: readonly number[], { row, columns }: Pick<StageBox, 'row' | 'columns'>): number {
  const isFree = (column: number): boolean => (ends[column] ?? -rowsBetween) + rowsBetween <= row;
  for (let column = 0, free = 0; column < ends.length; column += 1) {
    free = isFree(column) ? free + 1 : 0;
    if (free === columns) {
      return column - columns + 1;
    }
  }
  return ends.length;
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) {
      group.push(one);
    } else {
      groups.set(keyOf(one), [one]);
    }
  }
  return groups;
}
