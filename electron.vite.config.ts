import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import type { UserConfig } from 'vite';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The page, which both the desktop's window and the browser's show. Everything it needs is a file of its own: no inline anything. */
export const rendererConfig = {
  root: path('renderer'),
  plugins: [react()],
  build: {
    outDir: path('out/renderer'),
    emptyOutDir: true,
    target: 'chrome130',
    // a font or image as data: would need a wider content security policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: path('renderer/index.html') },
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
      // a sandboxed preload script is one CommonJS file that brings everything along
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: path('electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: rendererConfig,
});
