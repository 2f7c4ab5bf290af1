/** Evaluates the expressions of HCL. */
import type { Node } from 'web-tree-sitter';
import { invalidAt, type Location } from '../located.ts';
import { childrenOf, type Expression, type HclSyntax, type JsonNode } from './syntax.ts';
import { isEqual, isList, isObject, kindOf, measure, textOf, type Value } from './value.ts';

/** What expressions refer to. Every function throws a Failure at `at` if there is no such name. */
export interface Names {
  variable(name: string, at: Location): Value;
  /** A field of a block: `target.NAME.FIELD`. */
  field(type: string, name: string, field: string, at: Location): Value;
  isBlockType(name: string): boolean;
  call(name: string, args: readonly Value[], at: Location): Value;
}

export type Locals = ReadonlyMap<string, Value>;

/** Files come from projects that are not trusted: their expressions may not run for long or fill the memory. */
const limits = {
  steps: 200_000,
  depth: 100,
  textLength: 1024 * 1024,
  items: 10_000,
  weight: 4 * 1024 * 1024,
  produced: 16 * 1024 * 1024,
};

const binaryOperators = new Set(['*', '/', '%', '+', '-', '>', '>=', '<', '<=', '==', '!=', '&&', '||']);

export class Evaluator {
  readonly #syntax: HclSyntax;
  readonly #names: Names;
  #steps = 0;
  #depth = 0;
  #produced = 0;
  #at: Location = { file: '', line: 1 };
  #firstRow: number | undefined;

  constructor(syntax: HclSyntax, names: Names) {
    this.#syntax = syntax;
    this.#names = names;
  }

  /** @throws Failure `recipe.invalid` with the line */
  evaluate(expression: Expression, locals: Locals = new Map()): Value {
    const before = { at: this.#at, firstRow: this.#firstRow };
    try {
      if (expression.kind === 'json') {
        return this.#json(expression.json, locals);
      }
      this.#at = expression.at;
      this.#firstRow = expression.node.startPosition.row;
      return this.#expression(expression.node, locals);
    } finally {
      this.#at = before.at;
      this.#firstRow = before.firstRow;
    }
  }

  /** Runs an action that may evaluate other expressions. @throws Failure if they are nested too deep */
  nested<T>(at: Location, action: () => T): T {
    this.#depth += 1;
    try {
      if (this.#depth > limits.depth) {
        throw invalidAt(at, `Expressions refer to each other more than ${limits.depth} times.`);
      }
      return action();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Counts what an expression makes. @throws Failure if it is too much */
  produce(value: Value, at: Location): Value {
    const { weight, depth } = measure(value);
    const items = isList(value) ? value.length : isObject(value) ? value.size : 0;
    this.#produced += weight + 1;
    if (
      weight > (typeof value === 'string' ? limits.textLength : limits.weight) ||
      items > limits.items ||
      depth > limits.depth ||
      this.#produced > limits.produced
    ) {
      throw invalidAt(at, 'The expression makes more than a build can use.');
    }
    return value;
  }

  #json(json: JsonNode, locals: Locals): Value {
    switch (json.kind) {
      case 'list':
        return json.items.map((item) => this.#json(item, locals));
      case 'object':
        return new Map(
          json.entries.map(([key, item]) => [this.#jsonKey(key, json.at, locals), this.#json(item, locals)]),
        );
      case 'scalar':
        return typeof json.value === 'string' ? this.#text(json.value, json.at, locals) : json.value;
    }
  }

  #jsonKey(key: string, at: Location, locals: Locals): string {
    return textOf(this.#text(key, at, locals)) ?? '';
  }

  /** A text with a template. A text that is one expression has its value. */
  #text(text: string, at: Location, locals: Locals): Value {
    if (!text.includes('${') && !text.includes('%{')) {
      return text;
    }
    const before = { at: this.#at, firstRow: this.#firstRow };
    this.#at = at;
    this.#firstRow = undefined;
    try {
      const parts = templateParts(this.#syntax.parseTemplate(text, at));
      const last = parts.at(-1);
      if (last?.kind === 'text') {
        last.text = last.text.replace(/\n$/, '');
      }
      return this.#template(
        parts.filter((part) => part.kind !== 'text' || part.text !== ''),
        locals,
        at,
      );
    } finally {
      this.#at = before.at;
      this.#firstRow = before.firstRow;
    }
  }

  #locate(node: Node): Location {
    const { file, line } = this.#at;
    return { file, line: this.#firstRow === undefined ? line : line + node.startPosition.row - this.#firstRow };
  }

  #fail(node: Node, message: string): never {
    throw invalidAt(this.#locate(node), message);
  }

  #expression(node: Node, locals: Locals): Value {
    this.#steps += 1;
    if (this.#steps > limits.steps) {
      this.#fail(node, 'The expressions of the file take too long.');
    }
    return this.nested(this.#locate(node), () => {
      const children = node.children.filter((child): child is Node => child !== null && child.type !== 'comment');
      const [first] = children;
      return first?.type === 'conditional' && children.length === 1
        ? this.#conditional(first, locals)
        : this.#term(children, locals);
    });
  }

  #conditional(node: Node, locals: Locals): Value {
    const [condition, yes, no] = childrenOf(node);
    if (!condition || !yes || !no) {
      return this.#fail(node, 'The condition is not complete.');
    }
    return this.#expression(this.#boolean(condition, this.#expression(condition, locals)) ? yes : no, locals);
  }

  /** A value, or an expression in parentheses, with the indexes and attributes that follow it. */
  #term(children: readonly Node[], locals: Locals): Value {
    const [first, second] = children;
    if (!first) {
      throw invalidAt(this.#at, 'The expression is empty.');
    }
    if (first.type === '(' && second) {
      return this.#follow(this.#expression(second, locals), children.slice(3), locals);
    }
    const name = first.type === 'variable_expr' ? first.text : undefined;
    if (name !== undefined && !locals.has(name) && this.#names.isBlockType(name)) {
      return this.#blockField(first, name, children, locals);
    }
    return this.#follow(this.#primary(first, locals), children.slice(1), locals);
  }

  #blockField(first: Node, type: string, [, block, field, ...rest]: readonly Node[], locals: Locals): Value {
    if (!block || !field) {
      return this.#fail(first, `${type} needs the name of a block and of a field: ${type}.NAME.FIELD.`);
    }
    const key = (node: Node): string => textOf(this.#accessor(node, locals)) ?? '';
    return this.#follow(this.#names.field(type, key(block), key(field), this.#locate(first)), rest, locals);
  }

  #primary(node: Node, locals: Locals): Value {
    const [child] = childrenOf(node);
    switch (node.type) {
      case 'literal_value':
        return child ? this.#literal(child) : this.#fail(node, 'The value is empty.');
      case 'template_expr':
        return child ? this.#templateValue(child, locals) : '';
      case 'collection_value':
        return child ? this.#collection(child, locals) : [];
      case 'variable_expr':
        return (
          locals.get(node.text) ?? (locals.has(node.text) ? null : this.#names.variable(node.text, this.#locate(node)))
        );
      case 'function_call':
        return this.#call(node, locals);
      case 'for_expr':
        return child ? this.#for(child, locals) : [];
      case 'operation':
        return child ? this.#operation(child, locals) : null;
      case 'expression':
        return this.#expression(node, locals);
      default:
        return this.#fail(node, `"${node.text.slice(0, 60)}" is not an expression.`);
    }
  }

  #literal(node: Node): Value {
    switch (node.type) {
      case 'numeric_lit':
        return Number(node.text);
      case 'bool_lit':
        return node.text === 'true';
      case 'null_lit':
        return null;
      default:
        return unescapeQuoted(node.text.slice(1, -1));
    }
  }

  #collection(node: Node, locals: Locals): Value {
    if (node.type === 'tuple') {
      const items = childrenOf(node)
        .filter(({ type }) => type === 'expression')
        .map((item) => this.#expression(item, locals));
      return this.produce(items, this.#locate(node));
    }
    const entries = new Map<string, Value>();
    for (const element of childrenOf(node).filter(({ type }) => type === 'object_elem')) {
      const key = element.childForFieldName('key');
      const value = element.childForFieldName('val');
      if (key && value) {
        entries.set(this.#objectKey(key, locals), this.#expression(value, locals));
      }
    }
    return this.produce(entries, this.#locate(node));
  }

  /** A name alone is the key itself, not a variable. */
  #objectKey(node: Node, locals: Locals): string {
    const only = node.children.length === 1 ? node.children[0] : null;
    if (only?.type === 'variable_expr') {
      return only.text;
    }
    const key = textOf(this.#expression(node, locals));
    return key ?? this.#fail(node, 'The key of an object is a text.');
  }

  /** The value after indexes, attributes and splats. */
  #follow(value: Value, steps: readonly Node[], locals: Locals): Value {
    const [step, ...rest] = steps;
    if (!step) {
      return value;
    }
    if (step.type !== 'splat') {
      return this.#follow(this.#item(value, this.#accessor(step, locals), step), rest, locals);
    }
    const items = isList(value) ? value : value === null ? [] : [value];
    const inner = childrenOf(step)[0];
    const accessors = inner ? childrenOf(inner) : [];
    const mapped = items.map((item) => this.#follow(item, accessors, locals));
    return this.#follow(mapped, rest, locals);
  }

  #accessor(node: Node, locals: Locals): Value {
    const [child] = childrenOf(node);
    if (node.type === 'get_attr' && child) {
      return child.text;
    }
    if (child?.type === 'legacy_index') {
      return Number(child.text.slice(1));
    }
    const [index] = child ? childrenOf(child) : [];
    return index ? this.#expression(index, locals) : this.#fail(node, 'The index is empty.');
  }

  #item(value: Value, key: Value, node: Node): Value {
    if (isObject(value)) {
      const found = value.get(textOf(key) ?? '');
      return (
        found ?? (value.has(textOf(key) ?? '') ? null : this.#fail(node, `There is no "${textOf(key)}" in the object.`))
      );
    }
    if (isList(value)) {
      const index = Number(key);
      const found = Number.isInteger(index) ? value[index] : undefined;
      return (
        found ?? (found === null ? null : this.#fail(node, `A list of ${value.length} has no item ${textOf(key)}.`))
      );
    }
    return this.#fail(node, `${kindOf(value)} has no parts.`);
  }

  #call(node: Node, locals: Locals): Value {
    const [name, given] = childrenOf(node);
    const nodes = given ? childrenOf(given) : [];
    const expressions = nodes.filter(({ type }) => type === 'expression');
    const spreads = nodes.some(({ type }) => type === 'ellipsis');
    if (name && (name.text === 'try' || name.text === 'can')) {
      return this.#attempt(name, expressions, locals);
    }
    const args = expressions.map((each) => this.#expression(each, locals));
    const last = args.at(-1);
    const all = spreads && last !== undefined && isList(last) ? [...args.slice(0, -1), ...last] : args;
    const at = this.#locate(node);
    // a function reads them as a whole
    this.produce(all, at);
    return this.produce(
      this.nested(at, () => this.#names.call(name?.text ?? '', all, at)),
      at,
    );
  }

  /** `try` and `can` evaluate what may fail. */
  #attempt(name: Node, expressions: readonly Node[], locals: Locals): Value {
    let last: unknown;
    for (const expression of expressions) {
      const depth = this.#depth;
      try {
        const value = this.#expression(expression, locals);
        return name.text === 'can' ? true : value;
      } catch (error) {
        last = error;
        this.#depth = depth;
      }
    }
    if (name.text === 'can') {
      return false;
    }
    throw last ?? invalidAt(this.#locate(name), 'try needs an expression.');
  }

  #operation(node: Node, locals: Locals): Value {
    const children = node.children.filter((child): child is Node => child !== null && child.type !== 'comment');
    if (node.type === 'unary_operation') {
      const value = this.#term(children.slice(1), locals);
      return children[0]?.type === '!' ? !this.#boolean(node, value) : -this.#number(node, value);
    }
    const position = children.findIndex(({ type }) => binaryOperators.has(type));
    const operator = children[position]?.type ?? '';
    const left = this.#term(children.slice(0, position), locals);
    const right = (): Value => this.nested(this.#locate(node), () => this.#term(children.slice(position + 1), locals));
    switch (operator) {
      case '&&':
        return this.#boolean(node, left) && this.#boolean(node, right());
      case '||':
        return this.#boolean(node, left) || this.#boolean(node, right());
      case '==':
      case '!=': {
        const both = [left, right()] as const;
        this.produce(both, this.#locate(node));
        return isEqual(...both) === (operator === '==');
      }
      default:
        return this.#arithmetic(node, operator, this.#number(node, left), this.#number(node, right()));
    }
  }

  #arithmetic(node: Node, operator: string, left: number, right: number): Value {
    switch (operator) {
      case '*':
        return left * right;
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '<':
        return left < right;
      case '<=':
        return left <= right;
      case '>':
        return left > right;
      case '>=':
        return left >= right;
      default:
        if (right === 0) {
          return this.#fail(node, 'This divides by zero.');
        }
        return operator === '/' ? left / right : left % right;
    }
  }

  #number(node: Node, value: Value): number {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number)
      ? number
      : this.#fail(node, `A number is needed, not ${kindOf(value)}.`);
  }

  #boolean(node: Node, value: Value): boolean {
    const boolean = value === 'true' ? true : value === 'false' ? false : value;
    return typeof boolean === 'boolean' ? boolean : this.#fail(node, `true or false is needed, not ${kindOf(value)}.`);
  }

  #for(node: Node, locals: Locals): Value {
    const parts = childrenOf(node).filter(({ type }) => /^(for_intro|expression|for_cond|ellipsis)$/.test(type));
    const intro = parts.find(({ type }) => type === 'for_intro');
    const condition = parts.find(({ type }) => type === 'for_cond');
    const [first, second] = parts.filter(({ type }) => type === 'expression');
    if (!intro || !first) {
      return this.#fail(node, 'The for expression is not complete.');
    }
    const rounds = this.#rounds(intro, locals).filter((scope) => {
      const test = condition && childrenOf(condition)[0];
      return !test || this.#boolean(test, this.#expression(test, scope));
    });
    if (node.type === 'for_tuple_expr' || !second) {
      return this.produce(
        rounds.map((scope) => this.#expression(first, scope)),
        this.#locate(node),
      );
    }
    const isGrouped = parts.some(({ type }) => type === 'ellipsis');
    const result = new Map<string, Value>();
    for (const scope of rounds) {
      const key = textOf(this.#expression(first, scope)) ?? this.#fail(first, 'The key of an object is a text.');
      const value = this.#expression(second, scope);
      const group = result.get(key) ?? [];
      result.set(key, isGrouped && isList(group) ? [...group, value] : value);
    }
    return this.produce(result, this.#locate(node));
  }

  /** The names of each round of `for KEY, VALUE in COLLECTION`. */
  #rounds(intro: Node, locals: Locals): Locals[] {
    const names = childrenOf(intro)
      .filter(({ type }) => type === 'identifier')
      .map(({ text }) => text);
    const collection = childrenOf(intro).find(({ type }) => type === 'expression');
    const value = collection ? this.#expression(collection, locals) : null;
    const entries: (readonly [Value, Value])[] = isList(value)
      ? value.map((item, index) => [index, item])
      : isObject(value)
        ? [...value].sort(([one], [other]) => (one < other ? -1 : 1))
        : this.#fail(intro, `for needs a list or an object, not ${kindOf(value)}.`);
    const [one = '', two] = names;
    return entries.map(([key, item]) =>
      two === undefined ? new Map([...locals, [one, item]]) : new Map([...locals, [one, key], [two, item]]),
    );
  }

  #templateValue(node: Node, locals: Locals): Value {
    const parts = templateParts(node);
    const [only] = parts;
    if (parts.length === 0) {
      return '';
    }
    return node.type === 'quoted_template' && parts.length === 1 && only?.kind === 'value'
      ? this.#expression(only.node, locals)
      : this.#template(parts, locals, this.#locate(node));
  }

  /** The text of a template. A template that is one expression has its value. */
  #template(parts: readonly TemplatePart[], locals: Locals, at: Location): Value {
    const [only] = parts;
    if (parts.length === 1 && only?.kind === 'value') {
      return this.#expression(only.node, locals);
    }
    let text = '';
    for (const part of parts) {
      text += this.#part(part, locals);
      this.produce(text.length > limits.textLength ? text : '', at);
    }
    return this.produce(text, at);
  }

  #part(part: TemplatePart, locals: Locals): string {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'value': {
        const value = this.#expression(part.node, locals);
        return textOf(value) ?? this.#fail(part.node, `A text cannot contain ${kindOf(value)}.`);
      }
      case 'if': {
        const isTrue = this.#boolean(part.condition, this.#expression(part.condition, locals));
        return this.#parts(isTrue ? part.yes : part.no, locals);
      }
      case 'for': {
        const at = this.#locate(part.intro);
        const texts = this.#rounds(part.intro, locals).map((scope) => {
          const text = this.#parts(part.body, scope);
          this.produce(text, at);
          return text;
        });
        return texts.join('');
      }
    }
  }

  #parts(parts: readonly TemplatePart[], locals: Locals): string {
    return parts.map((part) => this.#part(part, locals)).join('');
  }
}

type TemplatePart =
  | { readonly kind: 'text'; text: string }
  | { readonly kind: 'value'; readonly node: Node }
  | { readonly kind: 'if'; readonly condition: Node; readonly yes: TemplatePart[]; readonly no: TemplatePart[] }
  | { readonly kind: 'for'; readonly intro: Node; readonly body: TemplatePart[] };

/** The parts of a quoted text or a here-document. `~` removes the spaces beside a part. */
function templateParts(node: Node): TemplatePart[] {
  const isQuoted = node.type === 'quoted_template';
  const [first, second] = childrenOf(node);
  const last = childrenOf(node).at(-1);
  const opening = isQuoted ? first : second;
  if (!opening || !last) {
    return [];
  }
  const parts = partsBetween(node, opening.endIndex, last.startIndex, isQuoted ? unescapeQuoted : unescapeMarkers);
  if (!isQuoted) {
    trimHeredoc(parts);
    if (first?.text === '<<-') {
      removeIndent(parts);
    }
  }
  return parts;
}

/** The line of the marker and the spaces before the closing one are not of the text. */
function trimHeredoc(parts: TemplatePart[]): void {
  const [first] = parts;
  const last = parts.at(-1);
  if (first?.kind === 'text') {
    first.text = first.text.replace(/^[^\n]*\n/, '');
  }
  if (last?.kind === 'text') {
    last.text = last.text.slice(0, last.text.lastIndexOf('\n') + 1);
  }
}

/**
 * The texts and expressions between two places of a template. Texts are what is between the others, because the nodes of texts lack
 * some of their spaces.
 */
function partsBetween(
  owner: Node,
  from: number,
  to: number,
  decode: (text: string) => string,
  [opening, closing]: readonly (Node | undefined)[] = [],
): TemplatePart[] {
  const parts: TemplatePart[] = [];
  const source = owner.text;
  let position = from;
  let strips = stripsAfter(opening);
  const addText = (end: number, stripsEnd: boolean): void => {
    const raw = decode(source.slice(position - owner.startIndex, end - owner.startIndex));
    const start = strips ? raw.trimStart() : raw;
    const text = stripsEnd ? start.trimEnd() : start;
    if (text !== '') {
      parts.push({ kind: 'text', text });
    }
  };
  const isPart = ({ type, startIndex, endIndex }: Node): boolean =>
    (type === 'template_interpolation' || type === 'template_directive') && startIndex >= from && endIndex <= to;
  for (const child of childrenOf(owner).filter(isPart)) {
    addText(child.startIndex, stripsBefore(child));
    parts.push(...(child.type === 'template_interpolation' ? valuePart(child) : directivePart(child, decode)));
    position = child.endIndex;
    strips = stripsAfter(child);
  }
  addText(to, stripsBefore(closing));
  return parts;
}

function stripsBefore(node: Node | undefined): boolean {
  return node !== undefined && /^[$%]\{~/.test(node.text);
}

function stripsAfter(node: Node | undefined): boolean {
  return node?.text.endsWith('~}') === true;
}

function valuePart(node: Node): TemplatePart[] {
  const expression = childrenOf(node).find(({ type }) => type === 'expression');
  return expression ? [{ kind: 'value', node: expression }] : [];
}

function directivePart(node: Node, decode: (text: string) => string): TemplatePart[] {
  const [directive] = childrenOf(node);
  const [start, ...others] = directive ? childrenOf(directive) : [];
  const end = others.at(-1);
  if (!directive || !start || !end) {
    return [];
  }
  if (directive.type === 'template_for') {
    return [
      {
        kind: 'for',
        intro: start,
        body: partsBetween(directive, start.endIndex, end.startIndex, decode, [start, end]),
      },
    ];
  }
  const condition = childrenOf(start).find(({ type }) => type === 'expression');
  const middle = others.find(({ type }) => type === 'template_else_intro');
  if (!condition) {
    return [];
  }
  return [
    {
      kind: 'if',
      condition,
      yes: partsBetween(directive, start.endIndex, (middle ?? end).startIndex, decode, [start, middle ?? end]),
      no: middle ? partsBetween(directive, middle.endIndex, end.startIndex, decode, [middle, end]) : [],
    },
  ];
}

/** `<<-` removes the spaces that all lines begin with. */
function removeIndent(parts: TemplatePart[]): void {
  let indent = Number.POSITIVE_INFINITY;
  let isLineStart = true;
  for (const part of parts) {
    const lines = part.kind === 'text' ? part.text.split('\n') : [''];
    lines.forEach((line, index) => {
      const isLast = index === lines.length - 1;
      if ((index > 0 || isLineStart) && (line.trim() !== '' || (isLast && part !== parts.at(-1)))) {
        indent = Math.min(indent, line.length - line.trimStart().length);
      }
    });
    isLineStart = part.kind === 'text' && part.text.endsWith('\n');
  }
  isLineStart = true;
  for (const part of parts) {
    if (part.kind === 'text' && Number.isFinite(indent)) {
      const startsLine = isLineStart;
      isLineStart = part.text.endsWith('\n');
      part.text = part.text
        .split('\n')
        .map((line, index) =>
          index > 0 || startsLine ? line.slice(Math.min(indent, line.length - line.trimStart().length)) : line,
        )
        .join('\n');
    } else {
      isLineStart = false;
    }
  }
}

function unescapeMarkers(text: string): string {
  return text.replaceAll('$${', '${').replaceAll('%%{', '%{');
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

function unescapeQuoted(text: string): string {
  const plain = text.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs, (whole, short, long, letter) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    if (Number.isNaN(code)) {
      return escapes[letter] ?? whole;
    }
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
  return unescapeMarkers(plain);
}
