/**
 * Runs a program for Electron in Node: `import … from 'electron'` resolves to the stand-in in this folder. The program is the
 * built main process with a real Chromium for its windows. What only Electron does is not covered: isolated worlds, the
 * restrictions of the sandbox, native menus and notifications.
 */
import { register } from 'node:module';

const standIn = new URL('./electron.ts', import.meta.url).href;

const hooks = `
  export function resolve(specifier, context, next) {
    return next(specifier === 'electron' ? ${JSON.stringify(standIn)} : specifier, context);
  }
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
