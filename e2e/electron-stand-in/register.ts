/**
 * Lets a program that was written for Electron run in Node: `import … from 'electron'` finds the stand-in of this folder.
 * What is run so is the built main process itself, with a real Chromium for its windows; what Electron alone does (isolated
 * worlds, the sandbox's restrictions, native menus and notifications) is not.
 */
import { register } from 'node:module';

const standIn = new URL('./electron.ts', import.meta.url).href;

const hooks = `
  export function resolve(specifier, context, next) {
    return next(specifier === 'electron' ? ${JSON.stringify(standIn)} : specifier, context);
  }
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
