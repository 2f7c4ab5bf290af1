/** Finds the texts that people see: in the window, on a terminal, in messages of problems. */
import { type AstNode, isNode, type Located, lineFinder, type SourceFile } from './source.ts';

/** Attributes of elements that hold no text for people. */
const codeAttributes = new Set([
  'className',
  'href',
  'id',
  'd',
  'viewBox',
  'points',
  'transform',
  'style',
  'key',
  'rel',
]);

/** Calls whose texts are for developers or machines. */
const codeCalls =
  /^(Error|RegExp|TypeError|RangeError|URL|URLSearchParams|quote|shellQuote|sh|run|exec|spawn|execFile|test|describe)$/;

/**
 * Words with a blank between them, or a capitalised word: this distinguishes texts from identifiers, paths and keys. Values in a
 * template are shown as `{expression}`.
 */
const looksLikeText = (text: string): boolean =>
  /\p{L}[\p{L}’',.:;!?…}]* +[\p{L}{“"'`(]/u.test(text) || /^[\p{Lu}][\p{Ll}]+(…|\.|\?)?$/u.test(text);

const looksLikeCode = (text: string): boolean =>
  /[;|&]\s*(echo|then|do|fi|done|exit|printf|cat)\b|\$\(|2>|^\s*[-#/]|[{};]\s*$|:\s*\d+px|\bvar\(|=>|^(Bearer|Basic|GET|POST|PUT|HEAD) /.test(
    text,
  );

export function textsOf({ program, text: source }: SourceFile): Located[] {
  const found: Located[] = [];
  const lineAt = lineFinder(source);
  const add = (node: AstNode, text: string): void => {
    const plain = text.replace(/\s+/g, ' ').trim();
    if (looksLikeText(plain) && !looksLikeCode(plain.replace(/\{[^{}]*\}/g, ''))) {
      found.push({ text: plain, line: lineAt(node.start) });
    }
  };
  const visit = (node: AstNode): void => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'TSLiteralType':
      case 'TSTypeAliasDeclaration':
      case 'TSInterfaceDeclaration':
        return;
      case 'JSXAttribute': {
        const name = isNode(node.name) ? String(node.name.name) : '';
        if (codeAttributes.has(name)) {
          return;
        }
        break;
      }
      case 'NewExpression':
      case 'CallExpression':
        if (isNode(node.callee) && codeCalls.test(calleeName(node.callee))) {
          return;
        }
        break;
      case 'JSXElement':
      case 'JSXFragment':
        visitElement(node);
        return;
      case 'Literal':
        if (typeof node.value === 'string') {
          add(node, node.value);
        }
        return;
      case 'TemplateLiteral':
        add(node, templateText(node, source));
        break;
      default:
    }
    visitChildren(node);
  };
  /** A paragraph with values and emphasised words in it is one text. */
  const visitElement = (node: AstNode): void => {
    const children = (node.children as AstNode[] | undefined) ?? [];
    let text = '';
    for (const child of children) {
      if (child.type === 'JSXText') {
        text += String(child.value);
      } else if (child.type === 'JSXExpressionContainer' && isNode(child.expression)) {
        const { expression } = child;
        text +=
          expression.type === 'Literal'
            ? String(expression.value)
            : expression.type === 'JSXEmptyExpression'
              ? ''
              : '{…}';
      } else {
        text += ' ';
      }
    }
    if (/\p{L}/u.test(text.replaceAll('{…}', ''))) {
      add(node, text);
    }
    for (const child of children) {
      if (child.type !== 'JSXText' && !(child.type === 'JSXExpressionContainer' && isLiteral(child.expression))) {
        visit(child);
      }
    }
    if (isNode(node.openingElement)) {
      visit(node.openingElement);
    }
  };
  const visitChildren = (node: AstNode): void => {
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

const isLiteral = (node: unknown): boolean => isNode(node) && node.type === 'Literal';

function calleeName(callee: AstNode): string {
  if (callee.type === 'Identifier') {
    return String(callee.name);
  }
  return isNode(callee.property) ? String(callee.property.name) : '';
}

function templateText(node: AstNode, source: string): string {
  const quasis = node.quasis as { readonly value: { readonly cooked: string } }[];
  const expressions = node.expressions as AstNode[];
  return quasis
    .map(({ value }, index) => {
      const expression = expressions[index];
      const code = expression === undefined ? '' : source.slice(expression.start, expression.end);
      return value.cooked + (expression === undefined ? '' : `{${code.length > 24 ? '…' : code}}`);
    })
    .join('');
}
