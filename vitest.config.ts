import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// generous limits, so that no test fails because the machine is slow or busy
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } };

/**
 * Files are tested in one process after another: most of the time of a small file would be the start of its own process. What a
 * file changes of the process is restored.
 */
const oneProcess = { isolate: false, setupFiles: ['e2e/restore-process.ts'] };

export default defineConfig({
  test: {
    projects: [
      // unit tests, beside their source; they need nothing but Node
      { test: { ...timeouts, ...oneProcess, name: 'unit', include: ['{shared,electron}/**/*.test.ts'] } },
      // checks of the source: layers of imports, wording
      { test: { ...timeouts, ...oneProcess, name: 'rules', include: ['e2e/rules/*.test.ts'] } },
      // tests of the page in a simulated browser
      {
        plugins: [react()],
        test: {
          ...timeouts,
          ...oneProcess,
          name: 'renderer',
          environment: 'happy-dom',
          include: ['renderer/**/*.test.{ts,tsx}'],
          // needed by the test of colour contrasts; other styles are not loaded
          css: { include: [/tokens\.css/] },
        },
      },
      {
        // behaviour against the lab's real nodes; one file at a time, because all share the nodes
        test: {
          ...timeouts,
          ...oneProcess,
          name: 'e2e',
          include: ['e2e/**/*.spec.ts'],
          exclude: ['e2e/machine.spec.ts', 'e2e/file-sync.spec.ts', 'e2e/attacks/**', 'e2e/faults/**'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // faults of nodes, engines, lines and disks in each phase of a build; run by `npm run test:faults`
        test: {
          ...timeouts,
          name: 'faults',
          include: ['e2e/faults/*.spec.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        // what other users, nodes and projects try; run by `npm run test:attack`
        test: {
          ...timeouts,
          name: 'attack',
          include: ['e2e/attacks/*.spec.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // all nodes, also those with engines of other versions, which take minutes to create; run by `npm run test:engines`
        test: {
          ...timeouts,
          name: 'engines',
          include: [
            ...['e2e/engines.spec.ts', 'e2e/options.spec.ts', 'e2e/sources.spec.ts', 'e2e/unchanged.spec.ts'],
            ...['e2e/context.spec.ts', 'e2e/context-cache.spec.ts', 'e2e/file-sync.spec.ts'],
          ],
          fileParallelism: false,
          env: { BARNRAISER_TEST_ENGINES: 'all' },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // all views and dialogs as screen readers, keyboards and high contrast have them; run by `npm run test:accessibility`
        test: {
          ...timeouts,
          name: 'accessibility',
          include: ['e2e/accessibility.spec.ts', 'e2e/keyboard-views.spec.ts'],
          fileParallelism: false,
          env: { BARNRAISER_TEST_ACCESSIBILITY: 'all' },
        },
      },
      {
        // all Containerfiles built, and what engines say of them; run by `npm run test:containerfiles`
        test: {
          ...timeouts,
          name: 'containerfiles',
          include: ['e2e/containerfiles.spec.ts'],
          env: { BARNRAISER_TEST_CONTAINERFILES: 'all' },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // a machine with systemd, which takes minutes to create; run by `npm run test:machine`
        test: {
          ...timeouts,
          name: 'machine',
          include: ['e2e/machine.spec.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
