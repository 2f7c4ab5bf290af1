/**
 * The syntax of HCL: bodies with attributes and blocks. Parsed by tree-sitter in WebAssembly, which is loaded when the first file
 * is read.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Node, Parser } from 'web-tree-sitter';
import { invalidAt, type Location } from '../located.ts';

/** An expression that is not evaluated yet. `firstRow`: the row of the node that is on the line of `at`. */
export type Expression =
  | { readonly kind: 'syntax'; readonly node: Node; readonly at: Location }
  | { readonly kind: 'json'; readonly json: JsonNode; readonly at: Location };

/** A value of a JSON file with its locate. */
export type JsonNode =
  | {
      readonly kind: 'scalar';
      readonly value: string | number | boolean | null;
      /** As it is written in YAML. */
      readonly source?: string;
      readonly at: Location;
    }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[]; readonly at: Location }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, JsonNode])[]; readonly at: Location };

export interface Body {
  readonly attributes: ReadonlyMap<string, Expression>;
  readonly blocks: readonly Block[];
}

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: Body;
  readonly at: Location;
}

/** More is no file that a person wrote. Deeper nesting could end the process. */
const maxDepth = 100;

export class HclSyntax {
  readonly #parser: Parser;
  readonly #trees: { delete(): void }[] = [];

  private constructor(parser: Parser) {
    this.#parser = parser;
  }

  static async load(): Promise<HclSyntax> {
    const [{ Parser, Language }, runtime, grammar] = await Promise.all([
      import('web-tree-sitter'),
      readWasm('web-tree-sitter/web-tree-sitter.wasm'),
      readWasm('@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-hcl.wasm'),
    ]);
    await Parser.init({ wasmBinary: runtime });
    const parser = new Parser();
    parser.setLanguage(await Language.load(grammar));
    return new HclSyntax(parser);
  }

  /** Frees what was parsed. Nothing that was returned may be used afterwards. */
  close(): void {
    for (const tree of this.#trees) {
      tree.delete();
    }
    this.#parser.delete();
  }

  /** @throws Failure `recipe.invalid` with the line */
  parse(text: string, file: string): Body {
    const root = this.#parse(text, (line) => ({ file, line }));
    const body = childrenOf(root)[0];
    return body ? bodyOf(body, file) : { attributes: new Map(), blocks: [] };
  }

  /** A text with `${…}` and `%{…}`, as the strings of JSON files have them. @returns the node of its template */
  parseTemplate(text: string, at: Location): Node {
    const name = freeMarker(text);
    const root = this.#parse(`x = <<${name}\n${text}\n${name}\n`, () => at);
    const [template] = root.descendantsOfType('heredoc_template');
    if (!template) {
      throw invalidAt(at, 'The text is not valid.');
    }
    return template;
  }

  #parse(text: string, locate: (line: number) => Location): Node {
    const tree = this.#parser.parse(text);
    if (!tree) {
      throw new Error('the parser has no language');
    }
    this.#trees.push(tree);
    const error = firstError(tree.rootNode, locate);
    if (error) {
      throw error;
    }
    return tree.rootNode;
  }
}

/** Files of packages: beside the bundle, or in their package. */
async function readWasm(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bundled = join(import.meta.dirname, name.slice(name.lastIndexOf('/') + 1));
  const path = existsSync(bundled) ? bundled : createRequire(import.meta.url).resolve(name);
  return new Uint8Array(await readFile(path));
}

/** A word that is no line of the text. */
function freeMarker(text: string): string {
  const lengths = [...text.matchAll(/END(?:X)*/g)].map(([found]) => found.length);
  return 'END'.padEnd(
    lengths.reduce((longest, length) => Math.max(longest, length + 1), 0),
    'X',
  );
}

function firstError(root: Node, locate: (line: number) => Location): Error | undefined {
  const cursor = root.walk();
  try {
    let depth = 0;
    for (;;) {
      const { nodeIsMissing, nodeType, startPosition } = cursor;
      if (nodeType === 'ERROR' || nodeIsMissing) {
        const text = cursor.nodeText.trim().split('\n')[0]?.slice(0, 60) ?? '';
        const what = nodeIsMissing
          ? `${nodeType} is missing`
          : text === ''
            ? 'this is not HCL'
            : `"${text}" is not expected here`;
        return invalidAt(locate(startPosition.row + 1), `${what}.`);
      }
      if (depth > maxDepth) {
        return invalidAt(locate(startPosition.row + 1), `Expressions are nested more than ${maxDepth} deep.`);
      }
      if (cursor.gotoFirstChild()) {
        depth += 1;
        continue;
      }
      while (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) {
          return root.hasError ? invalidAt(locate(1), 'This is not HCL.') : undefined;
        }
        depth -= 1;
      }
    }
  } finally {
    cursor.delete();
  }
}

/** Without comments. */
export function childrenOf(node: Node): Node[] {
  return node.namedChildren.filter((child) => child !== null && child.type !== 'comment');
}

function bodyOf(node: Node, file: string): Body {
  const attributes = new Map<string, Expression>();
  const blocks: Block[] = [];
  for (const child of childrenOf(node)) {
    const at = { file, line: child.startPosition.row + 1 };
    const parts = childrenOf(child);
    const name = parts[0]?.text ?? '';
    if (child.type === 'attribute' && parts[1]) {
      if (attributes.has(name)) {
        throw invalidAt(at, `${name} is set twice.`);
      }
      attributes.set(name, { kind: 'syntax', node: parts[1], at });
    } else if (child.type === 'block') {
      const body = parts.find(({ type }) => type === 'body');
      const labels = parts.slice(1).filter(({ type }) => type === 'string_lit' || type === 'identifier');
      blocks.push({
        type: name,
        labels: labels.map(({ text }) => text.replace(/^"|"$/g, '')),
        body: body ? bodyOf(body, file) : { attributes: new Map(), blocks: [] },
        at,
      });
    } else {
      throw invalidAt(at, 'A file has attributes and blocks.');
    }
  }
  return { attributes, blocks };
}
