/** Restores what a test file changes of its process, which tests the next file, too. */
import { afterAll, vi } from 'vitest';

const original = process.env;
const environment = { ...original };

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  if (process.env !== original) {
    // vi.stubEnv works on the object that it found first, so a copy is not restored
    process.env = original;
    throw new Error('A test replaced process.env. Let it change variables with vi.stubEnv().');
  }
  for (const name of Object.keys(process.env)) {
    if (!Object.hasOwn(environment, name)) {
      delete process.env[name];
    }
  }
  Object.assign(process.env, environment);
});
