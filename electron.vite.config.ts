import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import type { UserConfig } from 'vite';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The page of the desktop and browser front ends. Its content security policy forbids inline scripts and styles. */
export const rendererConfig = {
  root: path('renderer'),
  plugins: [react()],
  build: {
    outDir: path('out/renderer'),
    emptyOutDir: true,
    target: 'chrome130',
    // inlined fonts are data: URLs, which the content security policy does not allow
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: path('renderer/index.html'), enter: path('renderer/enter.html') } },
  },
} satisfies UserConfig;

export default defineConfig({
  main: {
    build: {
      outDir: path('out/main'),
      rollupOptions: {
        input: { main: path('electron/main.ts'), cli: path('electron/cli.ts'), browser: path('electron/browser.ts') },
      },
    },
  },
  preload: {
    build: {
      outDir: path('out/preload'),
      // a sandboxed preload script must be one CommonJS file without dependencies
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: path('electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: rendererConfig,
});
