import { type AstNode, isNode, type SourceFile } from '../source.ts';

/** Capital letters, as the names of variables are, and those of npm and Windows. */
const variableName = /^([A-Z][A-Z0-9]*(_[A-Z0-9]+)*|npm_\w+|ProgramData)$/;

/** The environment variables that a file reads by name: `env.NAME`, `{ NAME } = process.env`, and all of Barnraiser. */
export function variablesOf({ program, text }: SourceFile): string[] {
  const found = new Set<string>();
  const add = (name: unknown): void => {
    if (typeof name === 'string' && variableName.test(name)) {
      found.add(name);
    }
  };
  const isEnvironment = (node: AstNode): boolean => /(^|\.)(env|environment)$/.test(text.slice(node.start, node.end));
  const visit = (node: AstNode): void => {
    if (node.type === 'MemberExpression' && isEnvironment(node.object as AstNode)) {
      const property = node.property as AstNode;
      add(node.computed === true ? property.value : property.name);
    }
    if (node.type === 'VariableDeclarator' && isNode(node.init) && isEnvironment(node.init) && isNode(node.id)) {
      for (const property of (node.id.properties as AstNode[] | undefined) ?? []) {
        add((property.key as AstNode | undefined)?.name);
      }
    }
    if (node.type === 'Literal' && typeof node.value === 'string' && /^BARNRAISER_[A-Z_]+$/.test(node.value)) {
      found.add(node.value);
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) {
          visit(child);
        }
      }
    }
  };
  visit(program as unknown as AstNode);
  return [...found];
}
