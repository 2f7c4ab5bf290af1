import { app, dialog, Menu, shell } from 'electron';
import { menuTemplate } from './menu-template.ts';
import type { MainWindow } from './window.ts';

/** Gives the app its menus, in the manner of the system. */
export function setMenu(window: MainWindow, home: string, openFolder: (folder: string) => void): void {
  const template = menuTemplate(
    { system: process.platform, isPackaged: app.isPackaged },
    {
      run: (command) => window.run(command),
      chooseFolder: async () => {
        const options: Electron.OpenDialogOptions = { title: 'Build a folder', properties: ['openDirectory'] };
        const parent = window.present;
        const { filePaths } = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options));
        for (const folder of filePaths) {
          openFolder(folder);
        }
      },
      showDataFolder: () => shell.openPath(home),
    },
  );
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
