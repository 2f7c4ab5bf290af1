/**
 * Every fault of the table in each phase and on each engine. The list is right or there is none, the image store is whole, the rest of the
 * build goes on, and nothing is left on the nodes and here. `BARNRAISER_FAULTS=WORDS` runs some of the rows.
 */
import { expect, test } from 'vitest';
import type { Build } from '../../shared/build.ts';
import { parseBuild, setUpLab } from '../harness.ts';
import { type Fault, faults } from './fault-table.ts';
import { type Phase, phases } from './phases.ts';
import { addResult, readResults } from './report.ts';
import { chooseRows, nameOf, type OutcomeName, type Row } from './rows.ts';
import { type Needs, Scene } from './scene.ts';

const lab = await setUpLab();
const known = process.env.BARNRAISER_FAULTS_REST ? await readResults() : {};
const chosen = chooseRows(process.env.BARNRAISER_FAULTS?.split(' ') ?? []).filter(
  (row) => !known[nameOf(row)]?.isPassed,
);
/** A phase that is over in milliseconds may be missed. */
const attempts = 5;
/** What goes by itself goes in this time, mostly. In milliseconds. */
const shortMs = 4_000;

/** What became of the job of a row, in words. */
const seen = new Map<Row, string>();

for (const row of chosen) {
  test(nameOf(row), async ({ onTestFinished, task }) => {
    onTestFinished(async () => {
      if (process.env.BARNRAISER_FAULTS_WRITE) {
        await addResult(row, { isPassed: task.result?.state === 'pass', seen: seen.get(row) ?? '' });
      }
    });
    for (let attempt = 1; !(await tryRow(row)); attempt += 1) {
      expect(attempt, 'the phase was missed each time').toBeLessThan(attempts);
    }
  });
}

/** @returns false if the build had left its phase before the fault */
async function tryRow(row: Row): Promise<boolean> {
  const fault: Fault = faults[row.fault];
  const phase: Phase = phases[row.phase];
  const needs: Needs = { ...phase.needs, ...fault.needs, ...(row.alone ? { alone: true } : {}) };
  const scene = await Scene.open(lab, row.node, needs);
  try {
    await scene.look();
    let repair = fault.isFirst ? await fault.strike(scene) : undefined;
    const reached = phase.reach(scene);
    const command = await scene.start();
    await Promise.race([
      reached,
      command.ended.then(({ stdout, stderr }) =>
        expect.fail(`the build ended before the phase: ${stdout.slice(-1500)}\n${stderr}`),
      ),
    ]);
    if (!fault.isFirst) {
      repair = await fault.strike(scene);
    }
    await phase.release(scene);
    if (row.outcome === 'stays' || fault.isQuiet) {
      await scene.release(scene.victim.node.name);
    }
    void scene.releaseOthers();
    const outcome = await command.ended;
    if (row.outcome === 'killed') {
      if (outcome.stdout.includes('"event":"build.finished"')) {
        return false;
      }
      seen.set(row, 'interrupted');
    } else {
      const build = parseBuild(outcome);
      seen.set(row, describe(scene, build));
      checkBuild(scene, row.outcome, build);
    }
    if (typeof repair === 'function') {
      await repair();
    }
    const isDone = ['moves', 'stays', 'done'].includes(row.outcome);
    const [stored, isLeft] = await Promise.all([scene.stored(), isDone && scene.leftNothing(shortMs)]);
    const isWhole = isDone || (row.outcome === 'killed' && stored !== undefined);
    expect(stored, 'what is stored').toEqual(isWhole ? scene.complete : undefined);
    const resumed = row.outcome === 'killed' ? await scene.resume() : undefined;
    if (resumed) {
      seen.set(row, 'interrupted, then resumed');
      expect(resumed.jobs.map(({ status, problem }) => problem ?? status)).toEqual(['done', 'done']);
      expect(await scene.stored()).toEqual(scene.complete);
    }
    // what was lost is cleaned up by the next build on the node; a resumed one needs no node of what is there
    const isClean = resumed ? await scene.leftNothing(shortMs) : isDone && isLeft;
    if (!isClean) {
      const { build } = await scene.buildAgain();
      expect(build.jobs.map(({ status, problem }) => problem ?? status)).toEqual(['done', 'done']);
      expect(await scene.stored()).toEqual(scene.complete);
    }
    const { leaves } = row;
    const left = await scene.left(leaves === undefined ? undefined : shortMs);
    const isOurs = (line: string): boolean => leaves === undefined || !line.includes(`: ${leaves}`);
    expect(left.filter(isOurs).join('\n'), 'what is left').toBe('');
    return true;
  } finally {
    await scene.close();
  }
}

function checkBuild(scene: Scene, outcome: Exclude<OutcomeName, 'killed'>, build: Build): void {
  const job = build.jobs.find(({ platform }) => platform === scene.platform);
  const other = build.jobs.find(({ platform }) => platform === scene.otherPlatform);
  const [faulty, bystander] = [scene.victim.node.name, scene.bystander.name];
  const text = JSON.stringify([
    build.problem,
    ...build.jobs.map(({ node, lost, problem }) => [lost.map((each) => each.problem), node, problem]),
  ]);
  if (outcome !== 'fails here') {
    expect(other, text).toMatchObject({ node: bystander, status: 'done', lost: [] });
  }
  const expected: Record<typeof outcome, object> = {
    moves: { node: bystander, status: 'done', lost: [{ node: faulty }] },
    stays: { node: faulty, status: 'done', lost: [] },
    done: { status: 'done' },
    fails: { node: faulty, status: 'failed' },
    'fails here': {},
  };
  expect(job, text).toMatchObject(expected[outcome]);
  expect(build.status, text).toBe(outcome.startsWith('fails') ? 'failed' : 'done');
}

/** Where the job was built, and the codes of its problems. */
function describe({ platform }: Scene, { jobs }: Build): string {
  const job = jobs.find((each) => each.platform === platform);
  const lost = job?.lost.map(({ node, problem }) => `${node}: \`${problem.code}\`, then `) ?? [];
  return `${lost.join('')}${job?.node}: ${job?.problem ? `\`${job.problem.code}\`` : job?.status}`;
}
