/** The desktop door, from its start to its end. */
import { join } from 'node:path';
import { app, dialog, session } from 'electron';
import log from 'electron-log/node';
import { problemOf } from '../shared/problem.ts';
import { createApp } from './app.ts';
import { callAttention } from './desktop/attention.ts';
import { chooseDataFolder } from './desktop/data-folder.ts';
import { becomeOnlyInstance, type OpenedFolders } from './desktop/instance.ts';
import { answerCalls, tellEvents } from './desktop/ipc.ts';
import { systemVault } from './desktop/keychain.ts';
import { denyPermissions, lockDown } from './desktop/lockdown.ts';
import { keepLog } from './desktop/log-file.ts';
import { setMenu } from './desktop/menu.ts';
import { followSleep } from './desktop/power.ts';
import { registerPageScheme, servePage } from './desktop/protocol.ts';
import { endWell } from './desktop/quit.ts';
import { followTheme } from './desktop/theme.ts';
import { MainWindow } from './desktop/window.ts';
import { Work } from './desktop/work.ts';
import { newBuildPlace } from './routes.ts';

const { home, windowFolder } = chooseDataFolder();
keepLog(home);
registerPageScheme();
lockDown();

const folders = becomeOnlyInstance();
if (folders) {
  app
    .whenReady()
    .then(() => open(folders))
    .catch(giveUp);
} else {
  app.quit();
}

async function open(folders: OpenedFolders): Promise<void> {
  const core = await createApp({ frontEnd: 'desktop', home, vault: await systemVault() });
  const work = new Work();
  const window = new MainWindow(windowFolder);

  denyPermissions(session.defaultSession);
  servePage(join(import.meta.dirname, '..', 'renderer'));
  answerCalls(core);
  tellEvents(core);

  await followTheme(core);
  callAttention(core, work, window);
  endWell(core, work, window);
  followSleep(core);

  const openFolder = async (folder: string | undefined): Promise<void> =>
    window.show(folder === undefined ? undefined : await newBuildPlace(core, folder));
  setMenu(window, home, openFolder);
  folders.follow(openFolder);
}

function giveUp(error: unknown): void {
  const { message, fix, detail } = problemOf(error);
  log.error(message, detail);
  dialog.showErrorBox('Barnraiser cannot start', `${message}\n\n${fix}`);
  app.exit(1);
}
