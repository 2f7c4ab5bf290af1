import { describe, expect, it } from 'vitest';
import { type GraphStep, layoutGraph } from './graph-layout.ts';

/** `build 2 <- 1, other 3`: the steps of a stage are numbered. */
function steps(...texts: string[]): GraphStep[] {
  return texts.map((text) => {
    const [id = '', inputs = ''] = text.split(' <- ');
    return { id, stage: id.split(' ')[0] ?? '', inputs: inputs.split(', ').filter(Boolean) };
  });
}

const positionsOf = (all: readonly GraphStep[]) =>
  Object.fromEntries([...layoutGraph(all).cells].map(([id, { column, row }]) => [id, `${column},${row}`]));

const parallel = steps(
  ...['one 1', 'one 2 <- one 1', 'two 1', 'two 2 <- two 1', 'two 3 <- two 2'],
  ...['last 1', 'last 2 <- last 1, one 2', 'last 3 <- last 2, two 3'],
);

describe('the layout of a graph', () => {
  it('puts stages that can run at once side by side, and each step below those that it uses', () => {
    expect(positionsOf(parallel)).toEqual({
      ...{ 'one 1': '0,0', 'one 2': '0,1' },
      ...{ 'two 1': '1,0', 'two 2': '1,1', 'two 3': '1,2' },
      // its base image waits for what is copied
      ...{ 'last 1': '2,1', 'last 2': '2,2', 'last 3': '2,3' },
    });
  });

  it('groups the steps of a stage and knows which edges lead to another one', () => {
    const { stages, edges, columns, rows } = layoutGraph(parallel);
    expect(
      stages.map(({ stage, column, row, columns: width, rows: height }) => [stage, column, row, width, height]),
    ).toEqual([
      ['one', 0, 0, 1, 2],
      ['two', 1, 0, 1, 3],
      ['last', 2, 1, 1, 3],
    ]);
    expect(edges.filter(({ isCrossing }) => isCrossing).map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'one 2 > last 2',
      'two 3 > last 3',
    ]);
    expect([columns, rows]).toEqual([3, 4]);
  });

  it('uses a column again below a stage that has ended', () => {
    const chain = steps(
      'a 1',
      'a 2 <- a 1',
      'b 1 <- a 2',
      'c 1',
      'c 2 <- c 1',
      'c 3 <- c 2',
      'c 4 <- c 3',
      'd 1 <- c 4',
    );
    const { a, d, ...others } = Object.fromEntries(layoutGraph(chain).stages.map(({ stage, ...box }) => [stage, box]));
    expect(a).toMatchObject({ column: 0, row: 0 });
    expect(d).toMatchObject({ column: 0, row: 4 });
    // right below a there is no room for a name
    expect(others.b).toMatchObject({ column: 1, row: 2 });
  });

  it('gives steps of a stage in the same row a column each', () => {
    const { stages, cells } = layoutGraph(steps('x 1', 'x 2', 'x 3 <- x 1, x 2', 'y 1'));
    expect(stages[0]).toMatchObject({ columns: 2, rows: 2 });
    expect([cells.get('x 1')?.column, cells.get('x 2')?.column, cells.get('y 1')?.column]).toEqual([0, 1, 2]);
  });

  it('ignores what an engine should not report: unknown inputs, doubled ones, and circles', () => {
    const odd = steps('a 1 <- nope, a 1', 'a 2 <- a 1, a 1', 'b 1 <- b 2', 'b 2 <- b 1', 'c 1 <- b 2');
    const { edges, cells } = layoutGraph(odd);
    expect(edges.filter(({ to }) => to.startsWith('a'))).toEqual([{ from: 'a 1', to: 'a 2', isCrossing: false }]);
    expect(cells.size).toBe(5);
  });

  it('has no two steps in a cell and is always the same, for any graph', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 50; round += 1) {
      const all = Array.from({ length: 1 + random(120) }, (_, index): GraphStep => {
        const inputs = Array.from({ length: index === 0 ? 0 : random(4) }, () => `${random(index)}`);
        return { id: `${index}`, stage: `s${random(12)}`, inputs };
      });
      const { cells, edges, stages } = layoutGraph(all);
      const taken = [...cells.values()].map(({ column, row }) => `${column},${row}`);
      expect(new Set(taken).size).toBe(all.length);
      for (const { from, to } of edges) {
        expect(cells.get(to)?.row).toBeGreaterThan(cells.get(from)?.row ?? Number.POSITIVE_INFINITY);
      }
      expect(stages.flatMap(({ steps: ids }) => ids).sort()).toEqual(all.map(({ id }) => id).sort());
      expect(layoutGraph(all)).toEqual({ cells, edges, stages, columns: expect.any(Number), rows: expect.any(Number) });
    }
  });

  it('reads each step and input a few times only, however many there are', () => {
    const count = 20_000;
    let reads = 0;
    const all = Array.from({ length: count }, (_, index) => ({
      id: `${index}`,
      stage: `s${Math.floor(index / 100)}`,
      get inputs() {
        reads += 1;
        return index === 0 ? [] : [`${index - 1}`, `${Math.floor(index / 2)}`];
      },
    }));
    expect(layoutGraph(all).cells.size).toBe(count);
    expect(reads).toBe(count);
  });
});
