import { join } from 'node:path';
import log from 'electron-log/node';

/**
 * Writes what goes wrong in the app itself to `desktop.log` in the data folder, 1 MiB at most, so that a report can say more
 * than "it ended". Nothing of a build, a connection or a login is written there.
 */
export function keepLog(home: string): void {
  log.transports.file.resolvePathFn = () => join(home, 'desktop.log');
  log.transports.file.level = 'info';
  log.transports.console.level = 'warn';
  log.errorHandler.startCatching({ showDialog: false });
}
