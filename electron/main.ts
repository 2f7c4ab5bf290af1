/** The desktop door, from its start to its end. */
import { join } from 'node:path';
import { app, dialog, session } from 'electron';
import log from 'electron-log/node';
import { problemOf } from '../shared/problem.ts';
import { createApp } from './app.ts';
import { newBuildPlace } from './places.ts';
import { callAttention } from './shell/attention.ts';
import { chooseDataFolder } from './shell/data-folder.ts';
import { becomeOnlyInstance, type OpenedFolders } from './shell/instance.ts';
import { answerCalls, tellEvents } from './shell/ipc.ts';
import { denyPermissions, lockDown } from './shell/lockdown.ts';
import { keepLog } from './shell/log-file.ts';
import { setMenu } from './shell/menu.ts';
import { followSleep } from './shell/power.ts';
import { registerPageScheme, servePage } from './shell/protocol.ts';
import { endWell } from './shell/quit.ts';
import { systemVault } from './shell/secrets.ts';
import { followTheme } from './shell/theme.ts';
import { MainWindow } from './shell/window.ts';
import { Work } from './shell/work.ts';

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
  const core = await createApp({ door: 'desktop', home, vault: await systemVault() });
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
