/** Finds the messages of each problem code, and what they say to do, where the program raises them. */
import { isProblemCode, type ProblemCode, problemCodes } from '../../shared/failure.ts';
import { pluralCalls } from '../translation/messages.ts';
import { type AstNode, isNode, type SourceFile } from './source.ts';

/** What one place that raises a problem says. Values in texts are in braces. */
export interface ProblemMessages {
  readonly messages: readonly string[];
  readonly fixes: readonly string[];
}

export interface RaisedProblem extends ProblemMessages {
  readonly code: ProblemCode;
}

/** So deep are names followed to what they stand for. */
const maxDepth = 6;
const maxAlternatives = 14;

/** The problems that a file raises: calls of `fail`, and objects with `code`, `message` and `fix`. */
export function problemsOf({ program, text: source }: SourceFile): RaisedProblem[] {
  const names = new Names(program as unknown as AstNode, source);
  const raised: RaisedProblem[] = [];
  const textsOf = (node: AstNode | undefined): string[] => [
    ...new Set(names.textsOf(node).map((text) => text.replace(/\s+/g, ' ').trim())),
  ];
  const add = (code: AstNode, message: AstNode | undefined, fix: AstNode | undefined): void => {
    const messages = textsOf(message);
    const fixes = textsOf(fix).filter((text) => text !== '');
    for (const each of new Set(names.textsOf(code).filter(isProblemCode))) {
      raised.push({ code: each, messages, fixes });
    }
  };
  walk(program as unknown as AstNode, (node) => {
    if (node.type === 'CallExpression' && isNode(node.callee) && node.callee.name === 'fail') {
      const [code, message, fix] = node.arguments as AstNode[];
      // `known.code` is of an object that has its own message
      if (code && code.type !== 'MemberExpression') {
        add(code, message, fix);
      }
    } else if (node.type === 'ObjectExpression') {
      const code = propertyOf(node, 'code');
      const message = propertyOf(node, 'message') ?? propertyOf(node, 'reason');
      if (code && message) {
        add(code, message, propertyOf(node, 'fix'));
      }
    }
  });
  return raised;
}

/** What all places say, by code. */
export function messagesByCode(sources: readonly SourceFile[]): ReadonlyMap<ProblemCode, ProblemMessages[]> {
  const all = sources.flatMap(problemsOf);
  return new Map(
    problemCodes.map((code) => {
      const seen = new Set<string>();
      const found = all
        .filter((each) => each.code === code)
        .flatMap(({ fixes, ...each }) => {
          const messages = each.messages.filter((text) => text !== '' && !seen.has(text));
          messages.forEach((text) => void seen.add(text));
          return messages.length === 0 ? [] : [{ messages, fixes }];
        });
      return [code, found];
    }),
  );
}

/** What the names of a file stand for. */
class Names {
  readonly #source: string;
  /** The expressions that a name is declared or called with. */
  readonly #values = new Map<string, { readonly value: AstNode; readonly scope: AstNode }[]>();

  constructor(program: AstNode, source: string) {
    this.#source = source;
    const parameters: [fn: string, index: number, name: string, scope: AstNode][] = [];
    const calls = new Map<string, AstNode[][]>();
    const functionParameters = (fn: string, node: AstNode): void => {
      (node.params as AstNode[]).forEach((param, index) => {
        const inner = param.type === 'AssignmentPattern' && isNode(param.left) ? param.left : param;
        if (inner.type === 'Identifier') {
          parameters.push([fn, index, String(inner.name), node]);
        }
        if (param.type === 'AssignmentPattern' && isNode(param.right) && inner.type === 'Identifier') {
          this.#add(String(inner.name), param.right, node);
        }
      });
    };
    walk(program, (node, scope) => {
      if (node.type === 'VariableDeclarator' && isNode(node.id) && isNode(node.init)) {
        if (node.id.type === 'Identifier') {
          this.#add(String(node.id.name), node.init, scope);
          if (/^(Arrow)?Function/.test(node.init.type)) {
            functionParameters(String(node.id.name), node.init);
          }
        }
        if (node.id.type === 'ArrayPattern') {
          this.#addTuple(node.id, node.init, scope);
        }
        walk(node.id, (part) => {
          if (part.type === 'AssignmentPattern' && isNode(part.left) && isNode(part.right)) {
            this.#add(String(part.left.name), part.right, scope);
          }
        });
      }
      if (node.type === 'FunctionDeclaration' && isNode(node.id)) {
        this.#add(String(node.id.name), node, scope);
        functionParameters(String(node.id.name), node);
      }
      if (node.type === 'MethodDefinition' && isNode(node.key) && isNode(node.value)) {
        this.#add(String(node.key.name), node.value, scope);
        functionParameters(String(node.key.name), node.value);
      }
      if (node.type === 'CallExpression' && isNode(node.callee)) {
        const name = calledName(node.callee);
        calls.set(name, [...(calls.get(name) ?? []), node.arguments as AstNode[]]);
      }
    });
    for (const [fn, index, name, scope] of parameters) {
      for (const args of calls.get(fn) ?? []) {
        const argument = args[index];
        if (argument) {
          this.#add(name, argument, scope);
        }
      }
    }
  }

  /** `const [what, fix] = reasons[code] ?? ['…', '…']` */
  #addTuple(pattern: AstNode, init: AstNode, scope: AstNode): void {
    (pattern.elements as (AstNode | null)[]).forEach((element, index) => {
      if (element?.type === 'Identifier') {
        this.#add(String(element.name), { ...init, tupleIndex: index }, scope);
      }
    });
  }

  /** The arrays that an expression may be. */
  #arraysOf(node: AstNode | undefined, depth: number): AstNode[][] {
    if (node === undefined || depth > maxDepth) {
      return [];
    }
    const inner = (...names: string[]): AstNode[][] =>
      names.flatMap((name) => this.#arraysOf(isNode(node[name]) ? node[name] : undefined, depth + 1));
    switch (node.type) {
      case 'ArrayExpression': {
        const elements = node.elements as AstNode[];
        const isTuple = elements.every((each) => each?.type !== 'ArrayExpression');
        return isTuple ? [elements] : elements.flatMap((each) => this.#arraysOf(each, depth + 1));
      }
      case 'LogicalExpression':
        return inner('left', 'right');
      case 'ConditionalExpression':
        return inner('consequent', 'alternate');
      case 'MemberExpression':
        return inner('object');
      case 'CallExpression':
        // `reasons.find(…)`
        return inner('callee');
      case 'ObjectExpression':
        return (node.properties as AstNode[]).flatMap((each) =>
          this.#arraysOf(isNode(each.value) ? each.value : undefined, depth + 1),
        );
      case 'TSAsExpression':
        return inner('expression');
      case 'Identifier':
        return this.#valuesOf(node).flatMap((value) => this.#arraysOf(value, depth + 1));
      default:
        return [];
    }
  }

  #add(name: string, value: AstNode, scope: AstNode): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), { value, scope }]);
  }

  /** What a name stands for where it is used. */
  #valuesOf({ name, start }: AstNode): AstNode[] {
    return (this.#values.get(String(name)) ?? [])
      .filter(({ scope }) => scope.start <= start && start < scope.end)
      .map(({ value }) => value);
  }

  /** The texts that an expression may be. */
  textsOf(node: AstNode | undefined, depth = 0): string[] {
    if (node === undefined || depth > maxDepth) {
      return [];
    }
    const parts = (...names: string[]): string[] =>
      names.flatMap((name) => {
        const part = node[name];
        return isNode(part) ? this.textsOf(part, depth + 1) : [];
      });
    switch (node.type) {
      case 'Literal':
        return typeof node.value === 'string' ? [node.value] : [];
      case 'TemplateLiteral':
        return this.#template(node, depth);
      case 'ConditionalExpression':
        return parts('consequent', 'alternate');
      case 'LogicalExpression':
        return parts('left', 'right');
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'ParenthesizedExpression':
        return parts('expression');
      case 'ArrayExpression':
        return (node.elements as AstNode[]).flatMap((each) => (isNode(each) ? this.textsOf(each, depth + 1) : []));
      case 'ObjectExpression':
        return (node.properties as AstNode[]).flatMap((each) =>
          isNode(each.value) ? this.textsOf(each.value, depth + 1) : [],
        );
      case 'Identifier':
        return this.#valuesOf(node).flatMap((value) =>
          typeof value.tupleIndex === 'number'
            ? this.#arraysOf(value, depth + 1).flatMap((each) =>
                this.textsOf(each[Number(value.tupleIndex)], depth + 1),
              )
            : this.textsOf(value, depth + 1),
        );
      case 'MemberExpression':
        return node.computed === true
          ? this.textsOf(node.object as AstNode, depth + 1)
          : this.#objectsOf(node.object as AstNode, depth).flatMap((each) =>
              this.textsOf(propertyOf(each, String((node.property as AstNode).name)), depth + 1),
            );
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        return this.#results(node, depth);
      case 'CallExpression':
        return this.#callTexts(node, depth);
      case 'BinaryExpression':
        return node.operator === '+' ? this.#sum(node, depth) : [];
      default:
        return [];
    }
  }

  #callTexts({ callee, arguments: given }: AstNode, depth: number): string[] {
    if (!isNode(callee)) {
      return [];
    }
    const hasCount = callee.type === 'Identifier' ? pluralCalls[String(callee.name)] : undefined;
    if (hasCount !== undefined) {
      const forms = (given as AstNode[]).slice(1).flatMap((form) => this.textsOf(form, depth + 1));
      return hasCount ? forms.map((form) => `{count} ${form}`) : forms;
    }
    if (callee.type === 'MemberExpression' && calledName(callee) === 'join') {
      // `[text, ...notes].join(' ')`
      const { type, elements } = callee.object as AstNode;
      const parts = type === 'ArrayExpression' ? (elements as AstNode[]) : [];
      const texts = parts.flatMap((each) => this.textsOf(each, depth + 1).slice(0, 1));
      return texts.length > 0 ? [texts.join(' ')] : [];
    }
    return /^(Identifier|MemberExpression)$/.test(callee.type) ? this.textsOf(callee, depth + 1) : [];
  }

  /** The objects that an expression may be, also those of a list. */
  #objectsOf(node: AstNode, depth: number): AstNode[] {
    if (depth > maxDepth) {
      return [];
    }
    switch (node.type) {
      case 'ObjectExpression':
        return [node];
      case 'ArrayExpression':
        return (node.elements as AstNode[]).flatMap((each) => (isNode(each) ? this.#objectsOf(each, depth + 1) : []));
      case 'Identifier':
        return this.#valuesOf(node).flatMap((value) => this.#objectsOf(value, depth + 1));
      case 'CallExpression': {
        const { callee } = node;
        return isNode(callee) && callee.type === 'MemberExpression' && calledName(callee) === 'find'
          ? this.#objectsOf(callee.object as AstNode, depth + 1)
          : [];
      }
      default:
        return [];
    }
  }

  #results(node: AstNode, depth: number): string[] {
    const body = node.body as AstNode;
    if (body.type !== 'BlockStatement') {
      return this.textsOf(body, depth + 1);
    }
    const found: string[] = [];
    walk(body, (each) => {
      if (each.type === 'ReturnStatement' && isNode(each.argument)) {
        found.push(...this.textsOf(each.argument, depth + 1));
      }
    });
    return found;
  }

  #sum(node: AstNode, depth: number): string[] {
    const [left = '{…}'] = isNode(node.left) ? this.textsOf(node.left, depth + 1) : [];
    const rights = isNode(node.right) ? this.textsOf(node.right, depth + 1) : [];
    return (rights.length > 0 ? rights : ['{…}']).map((right) => left + right);
  }

  /** A name in it that stands for one of a few texts is replaced by each of them, once. */
  #template(node: AstNode, depth: number): string[] {
    const quasis = node.quasis as { readonly value: { readonly cooked: string } }[];
    const expressions = node.expressions as AstNode[];
    let texts = [''];
    quasis.forEach(({ value }, index) => {
      const expression = expressions[index];
      const isName = expression?.type === 'Identifier' || expression?.type === 'CallExpression';
      const known = isName && texts.length === 1 ? this.textsOf(expression, depth + 1) : [];
      const values = new Set(known.filter((text) => / /.test(text)));
      const isFew = values.size > 0 && values.size === new Set(known).size && values.size <= maxAlternatives;
      const parts =
        expression === undefined ? [''] : isFew ? [...values] : [`{${placeholderOf(expression, this.#source)}}`];
      texts = texts.flatMap((text) => parts.map((part) => text + value.cooked + part));
    });
    return texts;
  }
}

/** A word for a value, such as `path` for `file.path`, `bytes` for `formatBytes(free)`. */
function placeholderOf(expression: AstNode, source: string): string {
  const code = source.slice(expression.start, expression.end);
  if (/^[\w.?]+$/.test(code)) {
    const name = code.split(/\??\./).at(-1) ?? code;
    return /^\d/.test(name) ? '…' : name;
  }
  if (expression.type === 'CallExpression' && isNode(expression.callee)) {
    const [argument] = expression.arguments as AstNode[];
    const [, formatted] = /^(?:format|describe)([A-Z]\w*)$/.exec(calledName(expression.callee)) ?? [];
    if (formatted !== undefined && formatted !== 'List') {
      return `${formatted.charAt(0).toLowerCase()}${formatted.slice(1)}`;
    }
    return argument === undefined ? '…' : placeholderOf(argument, source);
  }
  if (expression.type === 'BinaryExpression' && expression.operator === '/') {
    return /\/ 1000$/.test(code) ? 'seconds' : '…';
  }
  return '…';
}

function calledName(callee: AstNode): string {
  return String(isNode(callee.property) ? callee.property.name : callee.name);
}

function propertyOf(object: AstNode, name: string): AstNode | undefined {
  for (const property of object.properties as AstNode[]) {
    if (property.type === 'Property' && isNode(property.key) && property.key.name === name && isNode(property.value)) {
      return property.value;
    }
  }
  return undefined;
}

const scopes = /^(Program|BlockStatement|(Arrow)?Function\w*)$/;

function walk(
  node: AstNode,
  visit: (node: AstNode, scope: AstNode) => void,
  /** The innermost block or function around the node. */
  scope: AstNode = node,
): void {
  visit(node, scope);
  const inner = scopes.test(node.type) ? node : scope;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) {
        walk(child, visit, inner);
      }
    }
  }
}
