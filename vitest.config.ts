import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      // units, beside their source: need nothing but Node
      { test: { name: 'unit', include: ['{shared,electron}/**/*.test.ts'] } },
      // the face, in a simulated browser
      {
        plugins: [react()],
        test: {
          name: 'renderer',
          environment: 'happy-dom',
          include: ['renderer/**/*.test.{ts,tsx}'],
          // drawing is slow on a machine that is busy with other things
          testTimeout: 30_000,
          // read by the test of the contrast; no other style matters there
          css: { include: [/tokens\.css/] },
        },
      },
      {
        // behaviour against the lab's real nodes: one file at a time, since they share the nodes
        test: {
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
        test: { name: 'machine', include: ['e2e/machine.spec.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
      },
    ],
  },
});
