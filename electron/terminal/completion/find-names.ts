import { join } from 'node:path';
import { fail } from '../../../shared/problem.ts';
import { wordOf } from '../../../shared/words.ts';
import { History } from '../../builds/history.ts';
import { RunningBuilds } from '../../builds/running-builds.ts';
import { ConnectionStore } from '../../connections/store.ts';
import { FarmStore } from '../../farms/store.ts';
import { readLayoutIndex, refName } from '../../images/layout-index.ts';
import { cleanLine } from '../output/text.ts';
import type { Candidate, FindNames, NameKind } from './complete.ts';

/** So many builds are offered, the newest first. */
const maxBuilds = 50;

/** Finds names in a data folder, without starting the app. What cannot be read has no names. */
export function namesIn(home: string): FindNames {
  return async (kind) => {
    const found = await finders[kind](home).catch((): Candidate[] => []);
    // a name with a line break or a tab would be taken for two
    return found.filter(({ value }) => cleanLine(value) === value);
  };
}

const finders: Readonly<Record<NameKind, (home: string) => Promise<Candidate[]>>> = {
  connections: async (home) =>
    (await new ConnectionStore(home).list()).map(({ name, uri }) => ({ value: name, description: cleanLine(uri) })),
  farms: async (home) => {
    const { farms } = await new FarmStore(home, new ConnectionStore(home)).list();
    return farms.map(({ name, connections }) => ({ value: name, description: connections.join(', ') }));
  },
  builds: async (home) => {
    const running = new RunningBuilds(join(home, 'running'));
    const history = new History(join(home, 'builds'), running, (reference) =>
      Promise.reject(fail('image.unknown', `${reference} is not looked up.`, '')),
    );
    const { entries } = await history.list({ limit: maxBuilds });
    return entries.map(({ id, reference, status }) => ({
      value: id,
      description: cleanLine(`${reference}, ${wordOf(status)}`),
    }));
  },
  schedules: async (home) => {
    const { timerFile } = await import('../../automation/timer-store.ts');
    const { timers } = await timerFile(home).read();
    return timers.map(({ name, cron }) => ({ value: name, description: cleanLine(cron) }));
  },
  images: async (home) => {
    const index = await readLayoutIndex(join(home, 'images'));
    return (index?.manifests ?? []).flatMap((entry) => refName(entry) ?? []).map((value) => ({ value }));
  },
};
