/** YAML and JSON whose values know their lines. Anchors, aliases and merge keys are resolved. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { JsonNode } from './hcl/syntax.ts';
import { invalidAt, type Location } from './located.ts';

/** Aliases can make a short file very large. */
const maxNodes = 50_000;
const maxDepth = 100;

/** @throws Failure `recipe.invalid` with the line */
export function parseLocated(text: string, file: string, kind: 'YAML' | 'JSON'): JsonNode {
  const lines = new LineCounter();
  const locate = (offset: number): Location => ({ file, line: Math.max(1, lines.linePos(offset).line) });
  if (kind === 'JSON') {
    assertJson(text, file);
  }
  try {
    assertDepth(text, file);
    const document = parseDocument(text, { lineCounter: lines, merge: false, uniqueKeys: true, logLevel: 'silent' });
    const [error] = document.errors;
    if (error) {
      const [message = ''] = error.message.split(' at line ');
      throw invalidAt(locate(error.pos[0]), `This is not ${kind}: ${message}.`);
    }
    let nodes = 0;
    // an alias is of the last anchor before it
    const anchors = new Map<string, Node>();
    const convert = (node: unknown, at: Location, depth: number): JsonNode => {
      nodes += 1;
      if (nodes > maxNodes || depth > maxDepth) {
        throw invalidAt(at, 'The file has more values than a build can need, or they are nested too deep.');
      }
      if (isAlias(node)) {
        return convert(anchors.get(node.source), at, depth + 1);
      }
      if (isNode(node) && 'anchor' in node && node.anchor) {
        anchors.set(node.anchor, node);
      }
      const here = isNode(node) && node.range ? locate(node.range[0]) : at;
      if (isSeq(node)) {
        return { kind: 'list', items: node.items.map((item) => convert(item, here, depth + 1)), at: here };
      }
      if (isMap(node)) {
        const entries = node.items.map(({ key, value }): [string, JsonNode] => {
          const keyAt = isNode(key) && key.range ? locate(key.range[0]) : here;
          return [isScalar(key) ? String(key.value) : '', withPosition(convert(value, keyAt, depth + 1), keyAt)];
        });
        return { kind: 'object', entries: mergeKeys(entries), at: here };
      }
      const source = isScalar(node) ? node.source : undefined;
      return { kind: 'scalar', value: scalarOf(node), ...(source === undefined ? {} : { source }), at: here };
    };
    return convert(document.contents, { file, line: 1 }, 0);
  } catch (error) {
    if (error instanceof RangeError) {
      throw invalidAt({ file, line: 1 }, 'The values of the file are nested too deep.');
    }
    throw error;
  }
}

/** The value of a key. @returns undefined also for null */
export function entryOf(node: JsonNode | undefined, key: string): JsonNode | undefined {
  const found = node?.kind === 'object' ? node.entries.find(([name]) => name === key)?.[1] : undefined;
  return found?.kind === 'scalar' && found.value === null ? undefined : found;
}

function assertJson(text: string, file: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const line = position === undefined ? 1 : text.slice(0, Number(position)).split('\n').length;
    throw invalidAt(
      { file, line },
      `This is not JSON: ${error instanceof Error ? error.message.split(' in JSON')[0] : error}.`,
    );
  }
}

/** Before the parser reads it: deep brackets would overflow its stack. */
function assertDepth(text: string, file: string): void {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    depth += letter === '[' || letter === '{' ? 1 : letter === ']' || letter === '}' ? -1 : 0;
    if (depth > maxDepth * 5) {
      throw invalidAt({ file, line: text.slice(0, index).split('\n').length }, 'The values are nested too deep.');
    }
  }
}

/** An object or a list is where its key is. */
function withPosition(node: JsonNode, at: Location): JsonNode {
  return { ...node, at };
}

/** `<<` gives keys that the object itself does not have. */
function mergeKeys(entries: readonly (readonly [string, JsonNode])[]): [string, JsonNode][] {
  const own = entries.filter(([key]) => key !== '<<');
  const merged = entries
    .filter(([key]) => key === '<<')
    .flatMap(([, value]) => (value.kind === 'list' ? value.items : [value]))
    .flatMap((value) => (value.kind === 'object' ? value.entries : []));
  const all = new Map<string, JsonNode>();
  for (const [key, value] of [...own, ...merged]) {
    if (!all.has(key)) {
      all.set(key, value);
    }
  }
  return [...all];
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function scalarOf(node: unknown): string | number | boolean | null {
  const value: unknown = isScalar(node) ? node.value : node;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : value === null || value === undefined
      ? null
      : String(value);
}
