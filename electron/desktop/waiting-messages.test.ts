import { expect, it } from 'vitest';
import { WaitingMessages } from './waiting-messages.ts';

it('keeps messages for the next listener, in their order, and none for later', async () => {
  const messages = new WaitingMessages<string>();
  messages.push('first');
  messages.push('second');
  const got: string[] = [];
  // a listener that leaves at once, as in React's strict mode
  messages.listen((message) => void got.push(`left: ${message}`))();
  const stop = messages.listen((message) => void got.push(message));
  expect(got).toEqual([]);
  await Promise.resolve();
  messages.push('third');
  stop();
  messages.push('fourth');
  expect(got).toEqual(['first', 'second', 'third']);
  messages.listen((message) => void got.push(message));
  await Promise.resolve();
  expect(got.at(-1)).toBe('fourth');
});
