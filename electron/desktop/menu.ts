import { app, dialog, Menu, shell } from 'electron';
import { menuTemplate } from './menu-template.ts';
import type { MainWindow } from './window.ts';

/** Sets the menus of the app, following the conventions of the system. */
export function setApplicationMenu(window: MainWindow, home: string, openFolder: (folder: string) => void): void {
  const template = menuTemplate(
    { system: process.platform, isPackaged: app.isPackaged },
    {
      run: (command) => window.run(command),
      chooseFolder: async () => {
        const options: Electron.OpenDialogOptions = { title: 'Select a project folder', properties: ['openDirectory'] };
        const parent = window.current;
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
