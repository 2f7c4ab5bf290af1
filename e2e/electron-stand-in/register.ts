/**
 * Runs a program for Electron in Node: `require('electron')` resolves to the stand-in in this folder. The program is the
 * built main process with a real Chromium for its windows. What only Electron does is not covered: isolated worlds, the
 * restrictions of the sandbox, native menus and notifications.
 */
import Module from 'node:module';
import { fileURLToPath } from 'node:url';

const standIn = fileURLToPath(new URL('./electron.ts', import.meta.url));

/** What `require` calls to find a module. Node has a public function for this from version 22.15 on. */
const loader = Module as unknown as { _resolveFilename: (specifier: string, ...rest: unknown[]) => string };
const resolve = loader._resolveFilename;
loader._resolveFilename = (specifier, ...rest) => (specifier === 'electron' ? standIn : resolve(specifier, ...rest));
