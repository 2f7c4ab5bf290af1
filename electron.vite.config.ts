import { chmod, readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import { type Plugin, parseSync, type UserConfig } from 'vite';
import { renderDocs } from './e2e/docs/render.ts';
import { buildFacts, bundledPackages } from './release-plugins.ts';
import { asciiFiles, lazySchemas } from './startup-plugins.ts';
import { localeOfEnvironment, translation } from './translation-plugin.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * The page uses types and functions of shared/, but hardly any schema. Their declarations have no effect but their value. Marked
 * as pure, those that are not used are left out, and zod with them.
 */
const unusedSchemas: Plugin = {
  name: 'unused-schemas',
  enforce: 'pre',
  transform: {
    filter: { id: /\/shared\/[\w-]+\.ts$/ },
    handler: (code, id) => ({
      // the views that need the table of build options load it; its import alone does nothing
      moduleSideEffects: false,
      code: parseSync(id, code)
        .program.body.flatMap((statement) => {
          const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
          return declared?.type === 'VariableDeclaration' ? declared.declarations : [];
        })
        .flatMap(({ init }) => (init && /\bz\s*\.|Schema\b/.test(code.slice(init.start, init.end)) ? [init] : []))
        .reverse()
        .reduce(
          (text, { start, end }) =>
            `${text.slice(0, start)}/* @__PURE__ */ (() => (${text.slice(start, end)}))()${text.slice(end)}`,
          code,
        ),
    }),
  },
};

/** The guide, as pages of their own beside the page of the app. */
const guide: Plugin = {
  name: 'guide',
  async generateBundle() {
    for (const { name, source } of await renderDocs()) {
      this.emitFile({ type: 'asset', fileName: name, source });
    }
  },
};

const locale = localeOfEnvironment();

/** The page of the desktop and browser front ends. Its content security policy forbids inline scripts and styles. */
export const rendererConfig = {
  root: path('renderer'),
  plugins: [translation(locale), react(), unusedSchemas, guide, bundledPackages('renderer')],
  build: {
    outDir: path('out/renderer'),
    emptyOutDir: true,
    target: 'chrome130',
    // inlined fonts are data: URLs, which the content security policy does not allow
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // electron-vite does not by default
    minify: true,
    // the limit of what the first view needs
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: path('renderer/index.html'),
      output: {
        codeSplitting: {
          groups: [
            // all that the page starts with is one file: a file for each part would take as many requests
            {
              name: 'frame',
              tags: ['$initial'],
              test: /^(?!.*\/shared\/build-options\.)/,
              priority: 4,
            },
            // the table of options, and the forms, are needed by few of the first views
            {
              name: 'outputs',
              test: /\/(shared\/(output|closest)|renderer\/views\/outputs\/output-draft)\.ts$/,
              priority: 3,
            },
            {
              name: 'options',
              test: /\/(shared\/(build-options|option-support|option-text)|renderer\/parts\/option-words)\.ts$/,
              priority: 1,
            },
            // small files: a view loads little that only others need
            { name: 'shared', minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 2_000 },
          ],
        },
      },
    },
  },
} satisfies UserConfig;

/** Files beside the bundle: the parser of bake files, which is WebAssembly, the samples, and the schema of recipes for editors. */
const otherFiles: Plugin = {
  name: 'other-files',
  async generateBundle() {
    for (const name of [
      'web-tree-sitter/web-tree-sitter.wasm',
      '@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-hcl.wasm',
    ]) {
      const source = await readFile(path(`node_modules/${name}`));
      this.emitFile({ type: 'asset', fileName: basename(name), source });
    }
    for (const name of await readdir(path('samples'), { recursive: true, withFileTypes: true })) {
      if (name.isFile()) {
        const file = join(name.parentPath, name.name);
        this.emitFile({
          type: 'asset',
          fileName: relative(path('.'), file).replaceAll('\\', '/'),
          source: await readFile(file),
        });
      }
    }
    const schema = 'barnraiser.schema.json';
    this.emitFile({ type: 'asset', fileName: schema, source: await readFile(path(`docs/${schema}`)) });
  },
};

/** `npm link` makes a link to the command, which a later build must not break. */
const executable: Plugin = {
  name: 'executable',
  writeBundle: ({ dir = '' }) => chmod(join(dir, 'cli.cjs'), 0o755),
};

export default defineConfig({
  main: {
    define: { BARNRAISER_BUILD: JSON.stringify(buildFacts()) },
    plugins: [
      translation(locale),
      ...[otherFiles, lazySchemas, asciiFiles, executable],
      bundledPackages('main', ['@tree-sitter-grammars/tree-sitter-hcl']),
    ],
    resolve: {
      // compiled code that was kept cannot import modules, as the other form of the package does
      alias: [{ find: /^web-tree-sitter$/, replacement: path('node_modules/web-tree-sitter/web-tree-sitter.cjs') }],
    },
    build: {
      outDir: path('out/main'),
      // loaded from disk, and for the most part not compiled before it is needed
      chunkSizeWarningLimit: 4_000,
      rollupOptions: {
        // web-tree-sitter's is for programs that register functions of their own
        checks: { eval: false },
        input: {
          main: path('electron/main.ts'),
          cli: path('electron/cli.ts'),
          browser: path('electron/browser.ts'),
          'pack-worker': path('electron/context/pack-worker.ts'),
        },
        // ssh2 does without its native modules
        external: ['cpu-features', /\.node$/],
        // only what V8 compiles of CommonJS can be kept; in one folder, so that a module finds the program of a thread beside itself
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
      },
      // one large file is read faster than the many of a package
      externalizeDeps: false,
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
