/** Finds literals that code depends on: a translation would break what compares them. */
import { type AstNode, isNode, type Located, type SourceFile } from '../rules/source.ts';

const comparisons = /^([=!]==?|in)$/;
const lookups = /^(includes|has|get|delete|indexOf|startsWith|endsWith|enum|literal)$/;

/** Literals that are compared, cases, keys of objects, members of sets and types, and what is looked for in others. */
export function codeLiteralsOf({ program, lineAt }: SourceFile): Located[] {
  const found: Located[] = [];
  const add = (node: unknown): void => {
    if (isNode(node) && node.type === 'Literal' && typeof node.value === 'string') {
      found.push({ text: node.value, line: lineAt(node.start) });
    }
  };
  const visit = (node: AstNode): void => {
    switch (node.type) {
      case 'BinaryExpression':
        if (comparisons.test(String(node.operator))) {
          add(node.left);
          add(node.right);
        }
        break;
      case 'SwitchCase':
        add(node.test);
        break;
      case 'Property':
      case 'PropertyDefinition':
      case 'TSPropertySignature':
        add(node.key);
        break;
      case 'MemberExpression':
        add(node.property);
        break;
      case 'TSLiteralType':
        add(node.literal);
        break;
      case 'CallExpression':
      case 'NewExpression': {
        const callee = node.callee as AstNode;
        const name = String((isNode(callee.property) ? callee.property : callee).name);
        const given = node.arguments as AstNode[];
        for (const each of lookups.test(name) || name === 'Set' ? given : []) {
          add(each);
          for (const element of each.type === 'ArrayExpression' ? (each.elements as AstNode[]) : []) {
            add(element);
          }
        }
        break;
      }
      case 'TSAsExpression': {
        const { expression, typeAnnotation } = node as unknown as { expression: AstNode; typeAnnotation: AstNode };
        const isConst = isNode(typeAnnotation.typeName) && typeAnnotation.typeName.name === 'const';
        for (const element of isConst && expression.type === 'ArrayExpression'
          ? (expression.elements as AstNode[])
          : []) {
          add(element);
        }
        break;
      }
      default:
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
  return found;
}
