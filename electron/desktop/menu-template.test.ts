import type { MenuItemConstructorOptions } from 'electron';
import { expect, it } from 'vitest';
import { type MenuActions, menuTemplate } from './menu-template.ts';

const noActions: MenuActions = { run: () => undefined, chooseFolder: () => undefined, showDataFolder: () => undefined };
const menus = (system: NodeJS.Platform, actions = noActions): MenuItemConstructorOptions[] =>
  menuTemplate({ system, isPackaged: true }, actions);

const itemsOf = (menu: MenuItemConstructorOptions | undefined): MenuItemConstructorOptions[] =>
  Array.isArray(menu?.submenu) ? menu.submenu : [];
const all = (system: NodeJS.Platform): MenuItemConstructorOptions[] => menus(system).flatMap(itemsOf);

it('has settings and quit in the app menu on macOS, and in File elsewhere', () => {
  expect(menus('darwin').map(({ label }) => label)).toEqual(['Barnraiser', 'File', 'Edit', 'View', 'Window', 'Help']);
  expect(menus('linux').map(({ label }) => label)).toEqual(['&File', '&Edit', '&View', '&Window', '&Help']);
  const has = (menu: MenuItemConstructorOptions | undefined) => ({
    settings: itemsOf(menu).some(({ id }) => id === 'go:settings'),
    quit: itemsOf(menu).some(({ role }) => role === 'quit'),
  });
  expect(has(menus('darwin')[0])).toEqual({ settings: true, quit: true });
  expect(has(menus('darwin')[1])).toEqual({ settings: false, quit: false });
  expect(has(menus('win32')[0])).toEqual({ settings: true, quit: true });
});

it.each(['darwin', 'linux', 'win32'] as const)('has each accelerator and each command only once on %s', (system) => {
  for (const field of ['accelerator', 'id'] as const) {
    const values = all(system).flatMap((item) => item[field] ?? []);
    expect(values.length).toBeGreaterThan(5);
    expect(new Set(values).size).toBe(values.length);
  }
});

it('runs the command of the chosen item', () => {
  const ran: string[] = [];
  const template = menus('linux', {
    ...noActions,
    run: (command) => {
      ran.push(command);
    },
  });
  const item = template.flatMap(itemsOf).find(({ id }) => id === 'connection:add');
  Reflect.apply(item?.click ?? (() => undefined), undefined, []);
  expect(ran).toEqual(['connection:add']);
});

it('has developer tools only in development', () => {
  expect(all('linux').some(({ role }) => role === 'toggleDevTools')).toBe(false);
  const inDevelopment = menuTemplate({ system: 'linux', isPackaged: false }, noActions).flatMap(itemsOf);
  expect(inDevelopment.some(({ role }) => role === 'toggleDevTools')).toBe(true);
});
