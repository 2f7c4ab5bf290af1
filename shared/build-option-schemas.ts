/** The fields of a build request that are options, as schemas. They follow from the table. */
import { z } from 'zod';
import {
  type BuildOption,
  choicesOf,
  defaultOf,
  type OptionKind,
  type OptionValue,
  optionRow,
  problemOf,
  type RequestOptionName,
  requestOptionNames,
  type SetOptionName,
} from './build-options.ts';
import { secretsSchema, sshSourcesSchema } from './build-secrets.ts';
import { platformSchema } from './platform.ts';

const maxItems = 1000;

const path = z.string().min(1);

/** A text that follows the rule of its option. */
function textSchema({ rule }: BuildOption): z.ZodString {
  const text = z.string().max(64 * 1024);
  return text.superRefine((value, { addIssue }) => {
    const found = rule && !('min' in rule) ? problemOf(rule, value) : undefined;
    if (found) {
      addIssue({ code: 'custom', message: `It ${found.problem}. ${found.fix}` });
    }
  });
}

function numberSchema({ rule }: BuildOption): z.ZodType<number> {
  if (!rule || !('min' in rule)) {
    return z.number();
  }
  const { min, max = Number.MAX_SAFE_INTEGER, hasFractions } = rule;
  return (hasFractions ? z.number() : z.number().int()).min(min).max(max);
}

const kindSchemas: Readonly<Record<OptionKind, (row: BuildOption, name: RequestOptionName) => z.ZodType>> = {
  switch: () => z.boolean(),
  choice: (_row, name) => z.enum(choicesOf(name)),
  text: textSchema,
  file: () => z.string(),
  number: numberSchema,
  bytes: numberSchema,
  list: (row) => z.array(textSchema(row).min(1)).max(maxItems),
  pairs: ({ keys }) => z.record(keys === 'platform' ? platformSchema : z.string().max(4096), z.string()),
  mappings: () => z.array(z.object({ from: path, to: path })).max(maxItems),
  secrets: () => secretsSchema,
  ssh: () => sshSourcesSchema,
};

type OptionShape = {
  [K in RequestOptionName]: K extends SetOptionName
    ? z.ZodDefault<z.ZodType<OptionValue<K>, OptionValue<K>>>
    : z.ZodOptional<z.ZodType<OptionValue<K>, OptionValue<K>>>;
};

function optionSchema(name: RequestOptionName): z.ZodType {
  const row = optionRow(name);
  const schema = kindSchemas[row.kind](row, name);
  return row.isAlwaysSet ? schema.default(defaultOf(name)) : schema.optional();
}

export const optionShape = Object.fromEntries(
  requestOptionNames.map((name) => [name, optionSchema(name)]),
) as OptionShape;
