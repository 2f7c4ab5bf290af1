import { powerMonitor } from 'electron';

/** When this computer wakes up, its connections may be dead without anybody having told. */
export function followSleep(app: { wake(): Promise<void> }): void {
  powerMonitor.on('resume', () => void app.wake());
}
