/** What the plugins of the bundle make of schemas means the same as before. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { lazySchemas } from '../../startup-plugins.ts';

interface Example {
  readonly calls: Record<string, { readonly input: z.ZodType; readonly output: z.ZodType }>;
  /** How many schemas were made. */
  readonly made: () => number;
}

/** Runs a script, as it is or as the plugin makes it, with a `z` that counts what is made. */
function run(code: string): Example {
  let count = 0;
  const counting = {
    ...z,
    string: () => {
      count += 1;
      return z.string();
    },
  };
  const calls = new Function('z', `${code}; return calls;`)(counting) as Example['calls'];
  return { calls, made: () => count };
}

const code = `
  const shape = { shared: z.string() };
  const item = z.object({ ...shape, name: z.string(), nested: z.object({ deep: z.string().optional() }), kind: z.literal('a') });
  const more = { 'a.two': { input: z.object({}), output: z.array(item) } };
  const calls = { 'a.one': { input: item, output: z.object({ text: z.string() }) }, ...more };
`;

const { handler } = lazySchemas.transform as unknown as { handler: (code: string, id: string) => { code: string } };
const transformed = handler(code, 'shared/example.ts').code;

test('schemas are made when they are used', () => {
  expect(run(code).made()).toBe(4);
  const { calls, made } = run(transformed);
  // that of the spread shape
  expect(made()).toBe(1);
  expect(calls['a.one']?.output.safeParse({ text: 'x' }).success).toBe(true);
  expect(made()).toBe(2);
  expect(calls['a.one']?.output).toBe(calls['a.one']?.output);
  expect(made()).toBe(2);
});

test('they accept and refuse the same', () => {
  const item = { shared: 's', name: 'n', nested: {}, kind: 'a' };
  const inputs = [
    item,
    { ...item, nested: { deep: 1 } },
    { ...item, kind: 'b' },
    { shared: 's' },
    { ...item, extra: 1 },
    null,
  ];
  for (const example of [run(code), run(transformed)]) {
    const { input } = example.calls['a.one'] ?? {};
    expect(inputs.map((value) => input?.safeParse(value).success)).toEqual([true, false, false, false, true, false]);
    expect(example.calls['a.two']?.output.safeParse([item]).data).toEqual([item]);
    expect(Object.keys(example.calls)).toEqual(['a.one', 'a.two']);
  }
  expect(z.toJSONSchema(run(transformed).calls['a.two']?.output as z.ZodType)).toEqual(
    z.toJSONSchema(run(code).calls['a.two']?.output as z.ZodType),
  );
});
