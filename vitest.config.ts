import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// no test fails because a machine is slow or busy with other things: what must come, may take its time
const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  test: {
    projects: [
      // units, beside their source: need nothing but Node
      { test: { ...patience, name: 'unit', include: ['{shared,electron}/**/*.test.ts'] } },
      // the face, in a simulated browser
      {
        plugins: [react()],
        test: {
          ...patience,
          name: 'renderer',
          environment: 'happy-dom',
          include: ['renderer/**/*.test.{ts,tsx}'],
          // read by the test of the contrast; no other style matters there
          css: { include: [/tokens\.css/] },
        },
      },
      {
        // behaviour against the lab's real nodes: one file at a time, since they share the nodes
        test: {
          ...patience,
          name: 'e2e',
          include: ['e2e/**/*.spec.ts'],
          exclude: ['e2e/machine.spec.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // a machine with systemd, which takes minutes to make: by a command of its own, `npm run test:machine`
        test: {
          ...patience,
          name: 'machine',
          include: ['e2e/machine.spec.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
