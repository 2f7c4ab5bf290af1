/** Describes zod schemas in Markdown: a table of fields for each type that has a name. */
import { z } from 'zod';
import { escaped } from '../markdown.ts';

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** What a field says of itself in the source, by the type or call and the name of the field. */
export type FieldNotes = (owner: string, field: string) => string | undefined;

/** Schemas by the names of their types, as seen by who sends them (`input`) or who gets them (`output`). */
export class SchemaTypes {
  readonly #schemas: Readonly<Record<string, JsonSchema>>;
  readonly #notes: FieldNotes;
  /** Where types are, for links: `types.md`. */
  readonly #page: string;

  constructor(
    named: ReadonlyMap<string, z.ZodType>,
    io: 'input' | 'output',
    { notes, page }: { readonly notes: FieldNotes; readonly page: string },
  ) {
    const registry = z.registry<{ id: string }>();
    const seen = new Set<z.ZodType>();
    for (const [id, schema] of named) {
      // a schema with two names keeps the first
      if (!seen.has(schema)) {
        seen.add(schema);
        registry.add(schema, { id });
      }
    }
    const { schemas } = z.toJSONSchema(registry, { io, unrepresentable: 'any', cycles: 'ref', uri: (id) => `#${id}` });
    this.#schemas = schemas as Record<string, JsonSchema>;
    this.#notes = notes;
    this.#page = page;
  }

  /** The fields of a type as a table, or what it is instead. */
  describe(name: string): string {
    const schema = this.#schemas[name] ?? {};
    const variants = schema.oneOf ?? schema.anyOf;
    if (variants?.some((each) => this.#isLong(each))) {
      return variants.map((each) => `One of them${tagOf(each)}: ${this.#object(each, name)}`).join('\n');
    }
    return this.#object(schema, name);
  }

  #object(schema: JsonSchema, owner: string): string {
    const properties = Object.entries(schema.properties ?? {});
    if (properties.length === 0) {
      return schema.type === 'object' && !schema.additionalProperties
        ? 'No fields.\n'
        : `\`${this.#plain(schema)}\`${this.#links(schema)}\n`;
    }
    const rows = properties.flatMap(([field, each]) => this.#rows(schema, owner, '', field, each));
    return `\n\n| field | type | meaning |\n| --- | --- | --- |\n${rows.join('')}`;
  }

  /** A row for a field, and rows for those of an object in it that has no name. */
  #rows(parent: JsonSchema, owner: string, prefix: string, field: string, schema: JsonSchema): string[] {
    const isOptional = !(parent.required ?? []).includes(field);
    const { default: standard } = schema;
    const note = this.#notes(owner, field) ?? '';
    const notes = [note, ...(standard === undefined ? [] : [`Default: \`${JSON.stringify(standard)}\`.`])].filter(
      (text) => text !== '',
    );
    const item = schema.items && typeof schema.items === 'object' ? schema.items : undefined;
    const nested = schema.properties ? schema : item?.properties ? item : undefined;
    const type = nested ? (item ? 'object[]' : 'object') : this.#type(schema);
    const path = `${prefix}${field}${item && nested ? '[]' : ''}`;
    return [
      `| \`${prefix}${field}\`${isOptional && standard === undefined ? ' (optional)' : ''} | ${type} | ${notes.join(' ')} |\n`,
      ...(nested && prefix.split('.').length < 4
        ? Object.entries(nested.properties ?? {}).flatMap(([name, each]) =>
            this.#rows(nested, owner, `${path}.`, name, each),
          )
        : []),
    ];
  }

  #isLong(schema: JsonSchema): boolean {
    return Object.keys(schema.properties ?? {}).length > 1;
  }

  /** A type for a cell of a table, with links to named ones. */
  #type(schema: JsonSchema): string {
    const name = refName(schema);
    if (name !== undefined) {
      return `[${name}](${this.#page}#${name.toLowerCase()})`;
    }
    const variants = schema.anyOf ?? schema.oneOf;
    if (variants) {
      return variants.map((each) => this.#type(each)).join(' \\| ');
    }
    if (schema.items && typeof schema.items === 'object') {
      const item = this.#type(schema.items);
      return item.endsWith('`') ? `${item.slice(0, -1)}[]\``.replace(/^`(.* .*)\[\]`$/, '`($1)[]`') : `${item}[]`;
    }
    if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
      return `object of ${this.#type(schema.additionalProperties)}`;
    }
    return `\`${this.#plain(schema).replaceAll('|', '\\|')}\``;
  }

  /** A type without links. */
  #plain(schema: JsonSchema): string {
    if (schema.$ref?.startsWith(jsonRef)) {
      return 'JSON value';
    }
    const name = refName(schema);
    if (name !== undefined) {
      return name;
    }
    if (schema.const !== undefined) {
      return JSON.stringify(schema.const);
    }
    if (schema.enum) {
      return schema.enum.map((each) => JSON.stringify(each)).join(' | ');
    }
    const variants = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (variants) {
      return variants.map((each) => this.#plain(each)).join(' | ');
    }
    if (schema.type === 'array') {
      const item = schema.items && typeof schema.items === 'object' ? this.#plain(schema.items) : 'any';
      return schema.prefixItems ? `[${schema.prefixItems.map((each) => this.#plain(each)).join(', ')}]` : `${item}[]`;
    }
    if (schema.type === 'object') {
      const value = schema.additionalProperties;
      const fields = Object.entries(schema.properties ?? {}).map(
        ([field, each]) => `${field}${schema.required?.includes(field) ? '' : '?'}: ${this.#plain(each)}`,
      );
      return typeof value === 'object'
        ? `object of ${this.#plain(value)}`
        : fields.length > 0
          ? `{ ${fields.join(', ')} }`
          : 'object';
    }
    return Array.isArray(schema.type) ? schema.type.join(' | ') : String(schema.type ?? 'any');
  }

  #links(schema: JsonSchema): string {
    const names = refsIn(schema);
    return names.length > 0
      ? ` (${names.map((name) => `[${name}](${this.#page}#${name.toLowerCase()})`).join(', ')})`
      : '';
  }
}

/** Where zod puts what refers to itself. Only `z.json()` does. */
const jsonRef = '#__shared#';

function refName({ $ref }: JsonSchema): string | undefined {
  return $ref?.startsWith('#') && !$ref.startsWith(jsonRef) ? $ref.slice(1).replace(/^\/\$defs\//, '') : undefined;
}

/** What tells a variant from the others. */
function tagOf({ properties = {}, required = [] }: JsonSchema): string {
  const tag = Object.entries(properties).find(
    ([name, { const: value }]) => value !== undefined && required.includes(name),
  );
  return tag ? `, with \`${tag[0]}: ${JSON.stringify(tag[1].const)}\`` : '';
}

function refsIn(schema: unknown): string[] {
  const found = JSON.stringify(schema).matchAll(/"\$ref":"#([^"]+)"/g);
  return [...new Set([...found].map(([, name = '']) => name))].filter((name) => !`#${name}`.startsWith(jsonRef));
}

/** A note of the source as one line of Markdown. */
export function noteText(comment: string): string {
  return escaped(
    comment
      .replace(/^\*+/, '')
      .replace(/\s*\n\s*\*?\s*/g, ' ')
      .replace(/\{@link ([^}]*)\}/g, '$1')
      .trim(),
  );
}
