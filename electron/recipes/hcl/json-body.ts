import { invalidAt } from '../located.ts';
import type { Block, Body, JsonNode } from './syntax.ts';

/** The nested blocks of each type of block. */
const nested: Readonly<Record<string, readonly string[]>> = { variable: ['validation'] };

/** A JSON file as the body of HCL: keys that are types of blocks have an object of blocks by their label. */
export function bodyOfJson(root: JsonNode, blockTypes: readonly string[]): Body {
  const attributes: [string, { kind: 'json'; json: JsonNode; at: JsonNode['at'] }][] = [];
  const blocks: Block[] = [];
  for (const [key, value] of objects(root).flatMap(({ entries }) => entries)) {
    if (!blockTypes.includes(key)) {
      attributes.push([key, { kind: 'json', json: value, at: value.at }]);
      continue;
    }
    for (const [label, content] of objects(value).flatMap(({ entries }) => entries)) {
      for (const body of objects(content)) {
        blocks.push({ type: key, labels: [label], body: innerBody(body, nested[key] ?? []), at: content.at });
      }
    }
  }
  return { attributes: new Map(attributes), blocks };
}

function innerBody(node: JsonNode & { kind: 'object' }, blockTypes: readonly string[]): Body {
  const isBlock = (key: string): boolean => blockTypes.includes(key);
  return {
    attributes: new Map(
      node.entries.filter(([key]) => !isBlock(key)).map(([key, json]) => [key, { kind: 'json', json, at: json.at }]),
    ),
    blocks: node.entries
      .filter(([key]) => isBlock(key))
      .flatMap(([type, value]) =>
        objects(value).map((body) => ({ type, labels: [], body: innerBody(body, []), at: value.at })),
      ),
  };
}

function objects(node: JsonNode): (JsonNode & { kind: 'object' })[] {
  const items = node.kind === 'list' ? node.items : [node];
  return items.map((item) => {
    if (item.kind !== 'object') {
      throw invalidAt(item.at, 'An object is needed here.');
    }
    return item;
  });
}
