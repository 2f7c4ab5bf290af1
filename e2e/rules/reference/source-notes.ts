/** Comments of the source at fields of schemas, at calls and at events. */
import { basename } from 'node:path';
import { type AstNode, isNode, type SourceFile } from '../source.ts';
import { noteText } from './schema-types.ts';

/** `build.started` of `'build.started': z.object(…)`, or the name of a schema, and the field: what the comment above says. */
export function sourceNotes(sources: readonly SourceFile[]): ReadonlyMap<string, string> {
  const notes = new Map<string, string>();
  for (const { program, text } of sources) {
    const visit = (node: AstNode, owner: string): void => {
      let inner = owner;
      if (node.type === 'VariableDeclarator' && isNode(node.id)) {
        inner = typeName(String(node.id.name));
      }
      if (node.type === 'VariableDeclaration' || node.type === 'ExportNamedDeclaration') {
        const declared = (isNode(node.declaration) ? node.declaration : node).declarations as AstNode[] | undefined;
        const id = declared?.[0]?.id;
        const note = commentBefore(text, node.start);
        if (isNode(id) && note !== undefined && !notes.has(typeName(String(id.name)))) {
          notes.set(typeName(String(id.name)), note);
        }
      }
      if (node.type === 'Property' && isNode(node.key)) {
        const key = String(node.key.name ?? node.key.value);
        const note = commentBefore(text, node.start);
        if (key.includes('.')) {
          inner = key;
        }
        if (note !== undefined) {
          notes.set(key.includes('.') ? key : `${owner} ${key}`, note);
        }
      }
      for (const value of Object.values(node)) {
        for (const child of Array.isArray(value) ? value : [value]) {
          if (isNode(child)) {
            visit(child, inner);
          }
        }
      }
    };
    visit(program as unknown as AstNode, '');
  }
  return notes;
}

/** `Build` for `buildSchema`. */
export function typeName(constant: string): string {
  const name = constant.replace(/Schema$/, '');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function commentBefore(text: string, start: number): string | undefined {
  const before = text.slice(0, start).trimEnd();
  const from = before.endsWith('*/') ? before.lastIndexOf('/**') : -1;
  return from < 0 ? undefined : noteText(before.slice(from + 2, -2));
}

export const fileName = (path: string): string => basename(path);
