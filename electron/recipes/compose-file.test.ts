import { expect, test, vi } from 'vitest';
import { readComposeFiles } from './compose-file.ts';

test('a file that many services extend is read once', async () => {
  const services = Array.from(
    { length: 50 },
    (_, index) => `  s${index}: { extends: { file: base.yaml, service: b } }`,
  );
  const readFile = vi.fn(async (name: string) => ({ name, text: 'services: { b: { build: . } }' }));
  const text = `services:\n${services.join('\n')}\n`;
  const options = { environment: () => undefined, readFile, leaveOut: () => undefined };
  const { targets } = await readComposeFiles([{ name: 'compose.yaml', text }], options);
  expect(targets.size).toBe(50);
  expect(readFile).toHaveBeenCalledTimes(1);
});
