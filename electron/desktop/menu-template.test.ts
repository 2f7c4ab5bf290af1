import type { MenuItemConstructorOptions } from 'electron';
import { expect, it } from 'vitest';
import { type MenuActions, menuTemplate } from './menu-template.ts';

const nothing: MenuActions = { run: () => undefined, chooseFolder: () => undefined, showDataFolder: () => undefined };
const menus = (system: NodeJS.Platform, actions = nothing): MenuItemConstructorOptions[] =>
  menuTemplate({ system, isPackaged: true }, actions);

const itemsOf = (menu: MenuItemConstructorOptions | undefined): MenuItemConstructorOptions[] =>
  Array.isArray(menu?.submenu) ? menu.submenu : [];
const all = (system: NodeJS.Platform): MenuItemConstructorOptions[] => menus(system).flatMap(itemsOf);

it('follows the system’s habits: a Mac has an app menu with settings and quit, others have them in File', () => {
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

it.each(['darwin', 'linux', 'win32'] as const)('gives no key twice on %s, and each command once', (system) => {
  for (const field of ['accelerator', 'id'] as const) {
    const given = all(system).flatMap((item) => item[field] ?? []);
    expect(given.length).toBeGreaterThan(5);
    expect(new Set(given).size).toBe(given.length);
  }
});

it('runs the page’s command of the item that is chosen', () => {
  const ran: string[] = [];
  const template = menus('linux', {
    ...nothing,
    run: (command) => {
      ran.push(command);
    },
  });
  const item = template.flatMap(itemsOf).find(({ id }) => id === 'connection:add');
  Reflect.apply(item?.click ?? (() => undefined), undefined, []);
  expect(ran).toEqual(['connection:add']);
});

it('shows tools for developers only while the app is developed', () => {
  expect(all('linux').some(({ role }) => role === 'toggleDevTools')).toBe(false);
  const developed = menuTemplate({ system: 'linux', isPackaged: false }, nothing).flatMap(itemsOf);
  expect(developed.some(({ role }) => role === 'toggleDevTools')).toBe(true);
});
