import { create } from 'zustand';
import type { AppEvent, CallOutput, Settings } from '../../shared/contract.ts';
import { call } from '../api.ts';

interface SettingsState {
  /** The defaults until the app has said its own. */
  readonly settings: Settings;
  /** The app itself: version, data folder, door. Undefined until loaded. */
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

/** Shows the change at once and takes it back where the app refuses it. @throws Failure */
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

export function foldSettings(event: AppEvent): void {
  if (event.event === 'settings.changed') {
    useSettings.setState({ settings: event.settings });
  }
}
