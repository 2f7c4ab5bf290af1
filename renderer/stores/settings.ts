import { create } from 'zustand';
import type { AppEvent, CallOutput } from '../../shared/contract.ts';
import type { Settings } from '../../shared/settings.ts';
import { call } from '../api.ts';

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

/** @throws Failure */
export async function loadSettings(): Promise<void> {
  const [settings, info] = await Promise.all([call('settings.get', {}), call('app.info', {})]);
  useSettings.setState({ settings, info });
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

export function applySettingsEvent(event: AppEvent): void {
  if (event.event === 'settings.changed') {
    useSettings.setState({ settings: event.settings });
  }
}
