/** `docs/reference/events.md`, `calls.md` and `types.md`, made of the schemas of the contract and of the comments there. */
import type { z } from 'zod';
import { calls, events } from '../../../shared/contract.ts';
import type { SourceFile } from '../source.ts';
import { SchemaTypes } from './schema-types.ts';
import { sourceNotes, typeName } from './source-notes.ts';

export interface ContractPages {
  readonly events: string;
  readonly calls: string;
  readonly types: string;
}

/** @param sources those of `shared/` @param modules their exports */
export function contractPages(
  sources: readonly SourceFile[],
  modules: readonly Readonly<Record<string, unknown>>[],
): ContractPages {
  const notes = sourceNotes(sources);
  const noteOf = (owner: string, field: string): string | undefined =>
    notes.get(`${owner.replace(/ .*/, '')} ${field}`);
  const shared = namedSchemas(modules);
  const types = (io: 'input' | 'output', more: readonly (readonly [string, z.ZodType])[]): SchemaTypes =>
    new SchemaTypes(new Map([...shared, ...more]), io, { notes: noteOf, page: 'types.md' });
  const callEntries = Object.entries(calls) as [string, { input: z.ZodType; output: z.ZodType }][];
  const inputs = types(
    'input',
    callEntries.map(([name, { input }]) => [`${name} input`, input]),
  );
  const outputs = types('output', [
    ...callEntries.map(([name, { output }]) => [`${name} output`, output] as const),
    ...Object.entries(events).map(([name, schema]) => [`${name} event`, schema] as const),
  ]);
  const note = (name: string): string => (notes.has(name) ? `\n${notes.get(name)}\n` : '');
  const describe = (of: SchemaTypes, id: string, schema: z.ZodType): string => {
    const own = nameOf(schema, shared);
    return own === undefined ? of.describe(id) : `[${own}](types.md#${own.toLowerCase()})\n`;
  };
  const eventTexts = Object.entries(events).map(
    ([name, schema]) => `\n## ${name}\n${note(name)}\n${describe(outputs, `${name} event`, schema).trimStart()}`,
  );
  const callTexts = callEntries.map(
    ([name, { input, output }]) =>
      `\n## ${name}\n${note(name)}\nParameters: ${describe(inputs, `${name} input`, input)}\nResult: ${describe(outputs, `${name} output`, output)}`,
  );
  return {
    events: eventsHead + eventTexts.join(''),
    calls: callsHead + callTexts.join(''),
    types: typesPage(inputs, outputs, shared, notes),
  };
}

function typesPage(
  inputs: SchemaTypes,
  outputs: SchemaTypes,
  shared: ReadonlyMap<string, z.ZodType>,
  notes: ReadonlyMap<string, string>,
): string {
  const sections: [string, string][] = [];
  const names = new Set([...shared.values()].map((schema) => nameOf(schema, shared) ?? ''));
  for (const name of names) {
    const note = notes.get(name);
    const got = outputs.describe(name).trimStart();
    const sent = inputs.describe(name).trimStart();
    const difference = got === sent ? '' : `\nAs a parameter:\n\n${sent}`;
    sections.push([name, `\n## ${name}\n${note ? `\n${note}\n` : ''}\n${got}${difference}`]);
  }
  return (
    typesHead +
    sections
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, text]) => text)
      .join('')
  );
}

/** The schemas that modules export, by the names of their types. Those of single texts are left out: their name says nothing more. */
function namedSchemas(modules: readonly Readonly<Record<string, unknown>>[]): Map<string, z.ZodType> {
  const found = modules.flatMap((exports) =>
    Object.entries(exports).flatMap(([constant, value]) =>
      constant.endsWith('Schema') && isSchema(value) ? [[typeName(constant), value] as const] : [],
    ),
  );
  return new Map(found);
}

const isSchema = (value: unknown): value is z.ZodType => typeof value === 'object' && value !== null && '_zod' in value;

function nameOf(schema: z.ZodType, shared: ReadonlyMap<string, z.ZodType>): string | undefined {
  return [...shared].find(([, each]) => each === schema)?.[0];
}

const eventsHead = `# Events

What happens in the app. With \`--json\`, a command prints the events of its task to standard output, one JSON object per line, as
\`{"event":"job.changed",…}\` with the fields below. Fields may be added; those that there are keep their meaning. The last event of a build is
\`build.finished\`. A problem is one line on standard error: \`{"problem":{…}}\`, see [Problem](types.md#problem) and [all codes](../problems/README.md).

    barnraiser --json build -t api:1.4 . | jq -r 'select(.event == "job.changed") | .job | [.platform, .status] | @tsv'

Made by \`npx vitest run --project rules -u\` from \`shared/contract.ts\`.
`;

const callsHead = `# Calls

What a front end asks of the app: over IPC in the desktop app, over loopback HTTP in a browser, over the socket of the data folder in a
terminal. It is an interface inside Barnraiser, and may change with each version; scripts use the [commands](commands/README.md). The result of a call is
\`{"ok":true,"value":…}\` or \`{"ok":false,"problem":…}\`.

Made by \`npx vitest run --project rules -u\` from \`shared/contract.ts\`.
`;

const typesHead = `# Types

The types of [events](events.md) and [calls](calls.md). A type in brackets, such as \`string[]\`, is a list.

Made by \`npx vitest run --project rules -u\` from the schemas in \`shared/\`.
`;
