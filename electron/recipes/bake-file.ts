/** Bake files in HCL and in JSON: variables, functions, groups and targets with their matrix. */
import { suggestKnownName } from '../../shared/closest.ts';
import { Evaluator, type Locals, type Names } from './hcl/evaluate.ts';
import { ArgumentError, callFunction, functionNames, missingFunctions, PatternBudget } from './hcl/functions.ts';
import { bodyOfJson } from './hcl/json-body.ts';
import type { Block, Body, Expression, HclSyntax } from './hcl/syntax.ts';
import { isList, isObject, textOf, type Value, valueOfJson } from './hcl/value.ts';
import { invalidAt, type Location } from './located.ts';
import { parseLocated } from './located-json.ts';
import {
  assertTargetName,
  type BakeConfig,
  decodeField,
  type Field,
  type FieldName,
  fieldName,
  type Group,
  maxTargets,
  mergeConfigs,
  type Target,
} from './target.ts';

export interface SourceFile {
  /** As it is shown. Its extension tells its format. */
  readonly name: string;
  readonly text: string;
}

/** The value of an environment variable that a file names. */
export type Environment = (name: string) => string | undefined;

const blockTypes = ['variable', 'function', 'target', 'group'];

/** One target of a block: one with a matrix has several. */
interface Expansion {
  readonly name: string;
  readonly block: Block;
  readonly locals: Locals;
}

/**
 * Reads bake files as one: the variables of each are known in all.
 * @throws Failure `recipe.invalid` with the line
 */
export function readBakeFiles(files: readonly SourceFile[], syntax: HclSyntax, environment: Environment): BakeConfig {
  const bodies = files.map(({ name, text }) =>
    /\.json$/i.test(name) ? bodyOfJson(parseLocated(text, name, 'JSON'), blockTypes) : syntax.parse(text, name),
  );
  return new BakeFiles(bodies, syntax, environment).config();
}

class BakeFiles implements Names {
  readonly #evaluator: Evaluator;
  readonly #environment: Environment;
  readonly #blocks: readonly Block[];
  readonly #attributes = new Map<string, Expression>();
  readonly #variables = new Map<string, Block>();
  readonly #functions = new Map<string, Block>();
  readonly #values = new Map<string, Value>();
  /** What is being evaluated now, to find circles. */
  readonly #open = new Set<string>();
  readonly #patterns = new PatternBudget();
  #expansions: readonly Expansion[] | undefined;

  constructor(bodies: readonly Body[], syntax: HclSyntax, environment: Environment) {
    this.#evaluator = new Evaluator(syntax, this);
    this.#environment = environment;
    this.#blocks = bodies.flatMap(({ blocks }) => blocks);
    for (const [name, expression] of bodies.flatMap(({ attributes }) => [...attributes])) {
      this.#attributes.set(name, expression);
    }
    for (const block of this.#blocks) {
      assertBlock(block);
      const [label = ''] = block.labels;
      if (block.type === 'variable') {
        this.#variables.set(label, mergedBlock(this.#variables.get(label), block));
      } else if (block.type === 'function') {
        this.#functions.set(label, block);
      }
    }
  }

  config(): BakeConfig {
    for (const [name, { at }] of this.#variables) {
      this.variable(name, at);
      this.#validate(name);
    }
    const expansions = this.#expand();
    const targets = expansions.map((expansion) => this.#target(expansion));
    const groups = this.#blocks.filter(({ type }) => type === 'group').map((block) => this.#group(block));
    const renamed = new Map<string, string[]>();
    for (const { name, block } of expansions) {
      const [label = ''] = block.labels;
      renamed.set(label, [...(renamed.get(label) ?? []), name]);
    }
    const matrices = [...renamed]
      .filter(([label, names]) => names.length !== 1 || names[0] !== label)
      .filter(([label]) => targets.every(({ name }) => name !== label))
      .map(([name, names]): Group => ({ name, targets: names }));
    return mergeConfigs([
      ...[...groups, ...matrices].map((group) => ({ targets: new Map(), groups: new Map([[group.name, group]]) })),
      ...targets.map((target) => ({ targets: new Map([[target.name, target]]), groups: new Map() })),
    ]);
  }

  isBlockType(name: string): boolean {
    return name === 'target' || name === 'group';
  }

  variable(name: string, at: Location): Value {
    const known = this.#values.get(name);
    if (known !== undefined) {
      return known;
    }
    const attribute = this.#attributes.get(name);
    const block = this.#variables.get(name);
    if (!attribute && !block && !builtins.has(name)) {
      const names = [...this.#variables.keys(), ...this.#attributes.keys(), ...builtins.keys()];
      throw invalidAt(
        at,
        `There is no variable "${name}".`,
        suggestKnownName(name, names, 'Declare it: variable "NAME" {}'),
      );
    }
    const value = this.#once(`variable ${name}`, at, () =>
      attribute
        ? this.#evaluator.evaluate(attribute)
        : block
          ? this.#variableValue(name, block)
          : (builtins.get(name) ?? null),
    );
    this.#values.set(name, value);
    return value;
  }

  field(type: string, name: string, field: string, at: Location): Value {
    const blocks =
      type === 'target'
        ? this.#expand().filter((each) => each.name === name || each.block.labels[0] === name)
        : this.#blocks
            .filter((block) => block.type === type && block.labels[0] === name)
            .map((block) => ({ name, block, locals: new Map() }));
    const found = blocks.findLast(({ block }) => block.body.attributes.has(field));
    const expression = found?.block.body.attributes.get(field);
    if (!found || !expression) {
      throw invalidAt(at, `There is no ${type}.${name}.${field}.`);
    }
    return this.#once(`${type} ${name} ${field}`, at, () => this.#evaluator.evaluate(expression, found.locals));
  }

  call(name: string, args: readonly Value[], at: Location): Value {
    const block = this.#functions.get(name);
    if (block) {
      return this.#callOwn(name, block, args, at);
    }
    try {
      const result = callFunction(name, args, this.#patterns);
      if (result !== undefined) {
        return result;
      }
    } catch (error) {
      throw error instanceof ArgumentError ? invalidAt(at, `${name}: ${error.message}.`) : error;
    }
    throw missingFunctions.has(name)
      ? invalidAt(at, `The function ${name} is not supported here.`, 'Put its result into a variable.')
      : invalidAt(
          at,
          `There is no function "${name}".`,
          suggestKnownName(name, [...this.#functions.keys(), ...functionNames]),
        );
  }

  #callOwn(name: string, { body, at: declared }: Block, args: readonly Value[], at: Location): Value {
    const params = keywords(body.attributes.get('params'));
    const [variadic] = keywords(body.attributes.get('variadic_params'));
    const result = body.attributes.get('result');
    if (!result) {
      throw invalidAt(declared, `The function ${name} has no result.`);
    }
    if (args.length < params.length || (variadic === undefined && args.length > params.length)) {
      throw invalidAt(at, `${name} has ${params.length} parameters, not ${args.length}.`);
    }
    const locals = new Map(params.map((param, index): [string, Value] => [param, args[index] ?? null]));
    if (variadic !== undefined) {
      locals.set(variadic, args.slice(params.length));
    }
    return this.#evaluator.evaluate(result, locals);
  }

  /** @throws Failure if the evaluation needs its own result */
  #once<T>(key: string, at: Location, action: () => T): T {
    if (this.#open.has(key)) {
      throw invalidAt(at, `The ${key} refers to itself.`);
    }
    this.#open.add(key);
    try {
      return action();
    } finally {
      this.#open.delete(key);
    }
  }

  #variableValue(name: string, { body, at }: Block): Value {
    const declared = body.attributes.get('default');
    const type = typeText(body.attributes.get('type'));
    const standard = declared ? this.#evaluator.evaluate(declared) : null;
    const given = this.#environment(name);
    const json =
      type !== undefined && !this.#variables.has(`${name}_JSON`) ? this.#environment(`${name}_JSON`) : undefined;
    if (json !== undefined) {
      return jsonValue(name, json, at);
    }
    if (given === undefined) {
      return declared || type !== undefined ? standard : '';
    }
    return givenValue(name, given, type ?? kindOfDefault(standard), at);
  }

  #validate(name: string): void {
    const block = this.#variables.get(name);
    for (const { body, at } of block?.body.blocks ?? []) {
      const condition = body.attributes.get('condition');
      const message = body.attributes.get('error_message');
      if (condition && this.#evaluator.evaluate(condition) !== true) {
        throw invalidAt(
          at,
          `${name}: ${(message && textOf(this.#evaluator.evaluate(message))) ?? 'its value is not allowed'}`,
        );
      }
    }
  }

  #expand(): readonly Expansion[] {
    if (!this.#expansions) {
      // a matrix may refer to targets without one
      const blocks = this.#blocks.filter(({ type }) => type === 'target');
      const plain = blocks.filter(({ body }) => !body.attributes.has('matrix'));
      this.#expansions = plain.map((block) => ({ name: block.labels[0] ?? '', block, locals: new Map() }));
      const all = blocks.flatMap((block) =>
        block.body.attributes.has('matrix')
          ? this.#matrix(block)
          : [{ name: block.labels[0] ?? '', block, locals: new Map() }],
      );
      for (const { name, block } of all) {
        assertTargetName(name, block.at);
      }
      const last = all.at(-1);
      if (last && new Set(all.map(({ name }) => name)).size > maxTargets) {
        throw invalidAt(last.block.at, `The files have more than ${maxTargets} targets.`);
      }
      this.#expansions = all;
    }
    return this.#expansions;
  }

  #matrix(block: Block): Expansion[] {
    const { attributes } = block.body;
    const matrix = attributes.get('matrix');
    const name = attributes.get('name');
    if (!matrix || !name) {
      throw invalidAt(block.at, 'A target with a matrix needs a name with its values.');
    }
    const axes = this.#evaluator.evaluate(matrix);
    if (!isObject(axes)) {
      throw invalidAt(matrix.at, 'A matrix is an object of lists.');
    }
    let rows: Locals[] = [new Map()];
    for (const key of [...axes.keys()].sort()) {
      const values = axes.get(key) ?? null;
      if (!isList(values) || values.length === 0) {
        throw invalidAt(matrix.at, `matrix.${key} has to be a list with values.`);
      }
      if (rows.length * values.length > maxTargets) {
        throw invalidAt(matrix.at, `The matrix makes more than ${maxTargets} targets.`);
      }
      rows = rows.flatMap((row) => values.map((value) => new Map([...row, [key, value]])));
    }
    const names = new Set<string>();
    return rows.map((locals) => {
      const row = textOf(this.#evaluator.evaluate(name, locals)) ?? '';
      if (names.has(row)) {
        throw invalidAt(name.at, `The matrix makes two targets with the name ${row}.`);
      }
      names.add(row);
      return { name: row, block, locals };
    });
  }

  #target({ name, block, locals }: Expansion): Target {
    const fields = new Map<FieldName, Field>();
    for (const [key, expression] of block.body.attributes) {
      if (key === 'matrix' || key === 'name') {
        continue;
      }
      const known = fieldName(key, expression.at, ['matrix', 'name']);
      const value = this.#once(`target ${name} ${key}`, expression.at, () =>
        this.#evaluator.evaluate(expression, locals),
      );
      const field = decodeField(known, value, expression.at);
      if (field) {
        fields.set(known, field);
      }
    }
    return { name, at: block.at, fields };
  }

  #group({ labels, body, at }: Block): Group {
    const targets = body.attributes.get('targets');
    const names = targets ? this.#evaluator.evaluate(targets) : [];
    if (!isList(names)) {
      throw invalidAt(targets?.at ?? at, 'targets has to be a list of names.');
    }
    return { name: labels[0] ?? '', targets: names.map((name) => textOf(name) ?? '') };
  }
}

/** What buildx gives to every file. */
const builtins: ReadonlyMap<string, Value> = new Map([
  ['BAKE_CMD_CONTEXT', ''],
  ['BAKE_LOCAL_PLATFORM', `linux/${{ x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch}`],
]);

function assertBlock({ type, labels, at }: Block): void {
  if (!blockTypes.includes(type)) {
    throw invalidAt(at, `There is no block "${type}".`, suggestKnownName(type, blockTypes));
  }
  if (labels.length !== 1) {
    throw invalidAt(at, `A block of the type ${type} has one name: ${type} "NAME" {}.`);
  }
}

function mergedBlock(before: Block | undefined, block: Block): Block {
  return before
    ? {
        ...block,
        body: {
          attributes: new Map([...before.body.attributes, ...block.body.attributes]),
          blocks: [...before.body.blocks, ...block.body.blocks],
        },
      }
    : block;
}

/** The names in a list of parameters, or one name. */
function keywords(expression: Expression | undefined): string[] {
  if (!expression) {
    return [];
  }
  if (expression.kind === 'json') {
    const { json } = expression;
    const items = json.kind === 'list' ? json.items : [json];
    return items.map((item) => (item.kind === 'scalar' ? String(item.value) : ''));
  }
  return expression.node.descendantsOfType('variable_expr').flatMap((node) => (node ? [node.text] : []));
}

function typeText(expression: Expression | undefined): string | undefined {
  if (!expression) {
    return undefined;
  }
  const text =
    expression.kind === 'syntax'
      ? expression.node.text
      : expression.json.kind === 'scalar'
        ? String(expression.json.value)
        : '';
  return text.replaceAll(/\s/g, '');
}

function kindOfDefault(value: Value): string | undefined {
  return typeof value === 'number'
    ? 'number'
    : typeof value === 'boolean'
      ? 'bool'
      : isList(value) || isObject(value)
        ? 'complex'
        : undefined;
}

/** The value that the environment gives to a variable. */
function givenValue(name: string, given: string, type: string | undefined, at: Location): Value {
  switch (type) {
    case undefined:
    case 'string':
    case 'any':
      return given;
    case 'number': {
      const number = given.trim() === '' ? Number.NaN : Number(given);
      if (!Number.isFinite(number)) {
        throw invalidAt(at, `The variable ${name} is a number, but the environment has "${given}".`);
      }
      return number;
    }
    case 'bool':
      if (!/^(true|false|1|0|t|f)$/i.test(given)) {
        throw invalidAt(at, `The variable ${name} is true or false, but the environment has "${given}".`);
      }
      return /^(true|1|t)$/i.test(given);
    case 'list(string)':
    case 'set(string)':
    case 'list(number)':
    case 'list(bool)': {
      const inner = type.slice(type.indexOf('(') + 1, -1);
      return given === '' ? [] : given.split(',').map((item) => givenValue(name, item, inner, at));
    }
    default:
      throw invalidAt(
        at,
        `The environment cannot give a value to the variable ${name}, which is not a text.`,
        `Use ${name}_JSON with a type.`,
      );
  }
}

function jsonValue(name: string, json: string, at: Location): Value {
  try {
    return valueOfJson(JSON.parse(json));
  } catch {
    throw invalidAt(at, `${name}_JSON of the environment is not JSON.`);
  }
}
