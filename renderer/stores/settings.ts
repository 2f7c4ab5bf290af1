import { create } from 'zustand';
import type { AppEvent, CallOutput } from '../../shared/contract.ts';
import type { Settings } from '../../shared/settings.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface SettingsState {
  /** The defaults until the settings have been loaded. */
  readonly settings: Settings;
  /** Version, data folder and front end of the app. Undefined until loaded. */
  readonly info: CallOutput<'app.info'> | undefined;
}

export const useSettings = create<SettingsState>(() => ({
  settings: { theme: 'system', keepBuilds: 1000, jobsPerNode: 2 },
  info: undefined,
}));

export const settingsFeed = new Feed(each(applySettingsEvent));

/** @throws Failure */
export async function loadSettings(signal?: AbortSignal): Promise<void> {
  await Promise.all([
    call('app.info', {}, signal ? { signal } : {}).then((info) => useSettings.setState({ info })),
    settingsFeed.load('settings.get', {}, (settings) => useSettings.setState({ settings }), signal),
  ]);
}

/** Applies the change at once, and reverts it if the app rejects it. @throws Failure */
export async function updateSettings(change: Partial<Settings>): Promise<void> {
  const { settings: before } = useSettings.getState();
  useSettings.setState({ settings: { ...before, ...change } });
  try {
    useSettings.setState({ settings: await call('settings.update', change) });
  } catch (error) {
    useSettings.setState({ settings: before });
    throw error;
  }
}

function applySettingsEvent(event: AppEvent): void {
  if (event.event === 'settings.changed') {
    useSettings.setState({ settings: event.settings });
  }
}
