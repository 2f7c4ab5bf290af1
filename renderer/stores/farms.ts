import { create } from 'zustand';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { Farm } from '../../shared/farm.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface Farms {
  readonly farms: readonly Farm[];
  /** The name of the default farm. */
  readonly default: string | undefined;
  readonly loaded: boolean;
}

export const useFarms = create<Farms>(() => ({ farms: [], default: undefined, loaded: false }));

export function useFarm(name: string | undefined): Farm | undefined {
  return useFarms(({ farms }) => farms.find((farm) => farm.name === name));
}

export const farmFeed = new Feed(each(applyFarmEvent));

/** @throws Failure */
export function loadFarms(signal?: AbortSignal): Promise<void> {
  return farmFeed.load(
    'farms.list',
    {},
    ({ farms, default: defaultFarm }) => useFarms.setState({ farms, default: defaultFarm, loaded: true }),
    signal,
  );
}

/** @throws Failure `farm.exists`, `connection.unknown` */
export async function createFarm(input: CallInput<'farms.create'>): Promise<Farm> {
  const farm = await call('farms.create', input);
  await loadFarms();
  return farm;
}

/** @throws Failure `farm.unknown`, `farm.exists`, `connection.unknown` */
export async function updateFarm(input: CallInput<'farms.update'>): Promise<Farm> {
  const farm = await call('farms.update', input);
  await loadFarms();
  return farm;
}

/** @throws Failure `farm.unknown` */
export async function removeFarm(name: string): Promise<void> {
  await call('farms.remove', { name });
  await loadFarms();
}

function applyFarmEvent(event: AppEvent): void {
  if (event.event === 'farms.changed') {
    useFarms.setState({ farms: event.farms, default: event.default });
  }
}
