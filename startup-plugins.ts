/** Plugins of the bundle of the main process and the terminal, which make it start sooner. */
import { type Plugin, parseSync } from 'vite';

/** The part of the syntax tree that is used, in the form of ESTree. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [name: string]: unknown;
}

interface Edit {
  readonly at: number;
  /** How many characters there are replaced. */
  readonly length: number;
  readonly text: string;
}

/**
 * Makes the parts of schemas when they are first used. A command of the terminal loads the schemas of all calls, uses a few of
 * them, and making all takes a fifth of the time in which it starts. zod reads the properties of an object schema once, when it
 * first parses, so they can be getters. The input and output of a call, which the contract has, are kept by theirs.
 */
export const lazySchemas: Plugin = {
  name: 'lazy-schemas',
  enforce: 'pre',
  transform: {
    filter: { id: /\/(?:shared|electron)\/[\w/-]+\.ts$/, code: /\bz\.\w*object\(/i },
    handler: (code, id) => {
      const edits = editsOf(parseSync(id, code).program as never, code, id.includes('/shared/'));
      return { code: applyEdits(code, [...edits]) };
    },
  },
};

/** Writes files of ASCII alone, which Node reads, and V8 compiles, in half the time. */
export const asciiFiles: Plugin = {
  name: 'ascii-files',
  generateBundle: (_, bundle) => {
    for (const file of Object.values(bundle)) {
      if (file.type === 'chunk') {
        // only texts and comments have other characters
        file.code = file.code.replace(/[^\0-\x7f]/g, escapeUnit);
      }
    }
  },
};

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** @param hasCalls whether the file may have calls of the contract. @param isShape whether the node is the shape of an object schema */
function* editsOf(node: SyntaxNode, code: string, hasCalls: boolean, isShape = false): Generator<Edit> {
  const properties = node.type === 'ObjectExpression' ? (node.properties as SyntaxNode[]) : [];
  for (const property of properties.filter(isCreated)) {
    const { key, value } = property as unknown as { readonly key: SyntaxNode; readonly value: SyntaxNode };
    const name = code.slice(key.start, key.end);
    if (isShape) {
      yield { at: property.start, length: value.start - property.start, text: `get ${name}() { return ` };
      yield { at: value.end, length: 0, text: '; }' };
    } else if (hasCalls && (name === 'input' || name === 'output')) {
      yield { at: property.start, length: value.start - property.start, text: `get ${name}() { const value = ` };
      const keep = `Object.defineProperty(this, '${name}', { value, enumerable: true })`;
      yield { at: value.end, length: 0, text: `; ${keep}; return value; }` };
    }
  }
  const shape = shapeOf(node);
  for (const child of childrenOf(node)) {
    yield* editsOf(child, code, hasCalls, child === shape);
  }
}

/** Is it a property whose value a call makes? */
function isCreated({ type, kind, computed, value }: SyntaxNode): boolean {
  return type === 'Property' && kind === 'init' && !computed && (value as SyntaxNode).type === 'CallExpression';
}

/** The shape in `z.object({ … })`. */
function shapeOf({ type, callee, arguments: given }: SyntaxNode): SyntaxNode | undefined {
  const { object, property } = (callee ?? {}) as { readonly object?: SyntaxNode; readonly property?: SyntaxNode };
  const isObject =
    type === 'CallExpression' &&
    object?.name === 'z' &&
    ['object', 'looseObject', 'strictObject'].includes(String(property?.name));
  return isObject ? (given as SyntaxNode[])[0] : undefined;
}

function* childrenOf(node: SyntaxNode): Generator<SyntaxNode> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && typeof (child as SyntaxNode).type === 'string') {
        yield child as SyntaxNode;
      }
    }
  }
}

function applyEdits(code: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((one, other) => one.at - other.at)) {
    result += code.slice(at, edit.at) + edit.text;
    at = edit.at + edit.length;
  }
  return result + code.slice(at);
}
