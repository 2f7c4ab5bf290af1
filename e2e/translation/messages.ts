/**
 * Finds the texts that people see: in the window, on a terminal, in messages of problems. Values in a text are numbered, `{0}`, as
 * are elements of the window, `<0>…</0>`, so that a translation can put them in another order. A text that depends on a count has
 * two forms.
 */
import { type AstNode, isNode, type SourceFile } from '../rules/source.ts';
import { machineTexts } from './machine-texts.ts';

/** A part of the source. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

interface Element {
  readonly open: Range;
  readonly close: Range;
}

/** One form of a text. */
export interface Form {
  readonly text: string;
  /** What stands for `{0}`, `{1}` and so on. In a child of an element with the braces around it. */
  readonly values: readonly Range[];
  /** What stands for `<0>` and so on. */
  readonly elements: readonly Element[];
}

export interface Message extends Range {
  /** `literal`: also of a template. `attribute`, `children`: of an element. `plural`: the last arguments of a call. */
  readonly kind: 'literal' | 'attribute' | 'children' | 'plural';
  /** One, or those for one and for many. */
  readonly forms: readonly [Form, Form?];
  /** Whether `{0}` of a plural is the count. */
  readonly hasCount?: boolean;
  /** Blanks around the text, which are not for translators. */
  readonly before: string;
  readonly after: string;
}

/** By what a catalogue finds the text. */
export const keyOf = ({ forms }: Pick<Message, 'forms'>): string => forms.map((form) => form?.text).join(' | ');

/** A word or two: this distinguishes texts from identifiers, paths and keys. */
function isText(text: string): boolean {
  const plain = text.replace(/<\/?\d+>/g, '').replace(/\{\d+\}/g, '0');
  return (
    !looksLikeCode.test(plain) &&
    (/[\p{L}\d][\p{L}\d’',.:;!?…)"”`]* +[\p{L}\d“"'`(]/u.test(plain)
      ? /\p{L}{2}/u.test(plain)
      : /^[\p{Lu}][\p{Ll}]+(…|\.|\?)?$/u.test(plain.trim()) ||
        (/^0? ?\p{L}{3,}… ?0?$/u.test(plain) && plain.endsWith('…')))
  );
}

const looksLikeCode =
  /[;|&]\s*(echo|then|do|fi|done|exit|printf|cat)\b|\$\(|2>|^\s*[-#/]|[{};]\s*$|:\s*\d+px|\bvar\(|=>|^(Bearer|Basic|GET|POST|PUT|HEAD|DELETE|PATCH) |^[\w.-]+\/[\w.+-]+;|^<[!a-z]|^[a-z]+=/;

/** Addresses, references, variables, and the names of files. */
const looksLikeName = /^\S*[/:=@_.~]\S+$|^[A-Z][A-Z_]+$/;

const hasLetters = (text: string): boolean => /\p{L}{2}/u.test(text.replace(/<\/?\d+>|\{\d+\}/g, ''));

/** Attributes of elements that are texts, even of one word in small letters. */
const textAttributes =
  /^(alt|title|label|placeholder|hint|note|what|description|aria-(label|description|roledescription|valuetext))$/;

/** Attributes of elements that hold no text for people. */
const codeAttributes =
  /^(className|href|id|d|viewBox|points|transform|style|key|rel|type|role|htmlFor|kind|variant|size|src|value|lang|autoComplete|data-.*|aria-(?!label|description|roledescription|valuetext).*)$/;

/** Elements whose content is typed or printed as it is. */
const codeElements = /^(code|kbd|pre|samp|svg|style|script|Code|Kbd)$/;

/** Calls whose texts are for developers or machines. */
const codeCalls =
  /^(Error|RegExp|TypeError|RangeError|SyntaxError|URL|URLSearchParams|quote|shellQuote|sh|run|exec|spawn|execFile|test|describe|includes|startsWith|endsWith|indexOf|lastIndexOf|split|replace|replaceAll|match|matchAll|has|get|delete|getItem|setItem|querySelector|querySelectorAll|closest|addEventListener|removeEventListener|createElement|setHeader|getHeader|emit|createHash|update|digest|enum|literal|localeCompare|Symbol|require|addOption|hashOf|examples|fieldOf|objectOf|textOf|lineOf|timeOf|fieldsOf|log|warn|error|debug)$/;

/** Properties of objects that hold no text for people. */
const codeProperties =
  /^(terminal|settings|docs|see|command|commands|program|args|id|key|keys|className|value|style|type|mediaType|flag|flags|group|url|href|path)$/;

/** Properties of objects that are texts, even of one word in small letters. */
const textProperties = /^(title|heading|label|hint|word|meaning|description|secretName|what)$/;

/** Operators that compare. */
const comparisons = /^([=!]==?|[<>]=?|in)$/;

/** The calls that choose a form by a count, and whether the count precedes the text. */
export const pluralCalls: Readonly<Record<string, boolean>> = { formatCount: true, pluralText: false };

/** The mark before a declaration whose words are texts, also single ones in small letters. */
const mark = /@texts\b/;

/** The heading of a list in the terminal. */
const isHeading = (text: string): boolean => /^\p{Lu}\p{Ll}+( \p{L}+)*:$/u.test(text);

const unseen =
  /^(ImportDeclaration|ExportAllDeclaration|ImportExpression|TS(LiteralType|TypeAliasDeclaration|InterfaceDeclaration|TypeAnnotation|TypeParameterInstantiation|EnumDeclaration)|TaggedTemplateExpression)$/;

/** The texts of a file in their order. A text that is in a value of another follows it. */
export function messagesOf({ path, program, text: source, comments }: SourceFile): Message[] {
  const found: Message[] = [];
  const isMachineText = machineTexts(path);
  const marked = comments.filter(({ text }) => mark.test(text));
  const isMarked = ({ start }: AstNode): boolean =>
    marked.some((comment) => comment.end <= start && source.slice(comment.end, start).trim() === '');

  const add = (message: Message, sure: boolean): boolean => {
    const key = keyOf(message);
    const isFound =
      (sure ? hasLetters(key) && !looksLikeName.test(key) : isText(key) || isHeading(key)) && !isMachineText(key);
    if (isFound) {
      found.push(message);
    }
    return isFound;
  };
  const addLiteral = (node: AstNode, kind: Message['kind'], sure: boolean): boolean => {
    const form = formOf(node, kind === 'attribute');
    return form !== undefined && add({ kind, start: node.start, end: node.end, ...trimmed(form) }, sure);
  };

  /** @param sure whether literals are texts, whatever they look like */
  const visit = (node: AstNode, sure: boolean): void => {
    if (unseen.test(node.type)) {
      return;
    }
    const isSure = sure || isMarked(node);
    switch (node.type) {
      case 'JSXAttribute':
        visitAttribute(node);
        return;
      case 'JSXElement':
      case 'JSXFragment':
        visitElement(node);
        return;
      case 'NewExpression':
      case 'CallExpression':
        visitCall(node, isSure && node.type === 'NewExpression');
        return;
      case 'ConditionalExpression':
        visit(node.test as AstNode, false);
        visit(node.consequent as AstNode, isSure);
        visit(node.alternate as AstNode, isSure);
        return;
      case 'BinaryExpression':
        if (comparisons.test(String(node.operator))) {
          visitChildren(node, false, (child) => isLiteral(child));
          return;
        }
        if (addLiteral(node, 'literal', isSure)) {
          visitValues(node);
          return;
        }
        break;
      case 'SwitchCase':
        visitChildren(node, isSure, (child) => child === node.test && isLiteral(child));
        return;
      case 'Property':
        if (textProperties.test(nameOf(node.key)) && isChoice(node.value as AstNode)) {
          if (isString(node.value) && /^[A-Z]{2,}$/.test(node.value.value) && nameOf(node.key) === 'title') {
            // the head of a column of the terminal
            found.push(headOf(node.value));
            return;
          }
          visit(node.value as AstNode, true);
          return;
        }
        visitProperty(node, isSure);
        return;
      case 'PropertyDefinition':
      case 'MemberExpression':
        visitProperty(node, isSure);
        return;
      case 'ExpressionStatement':
        if (isLiteral(node.expression)) {
          return;
        }
        break;
      case 'TSAsExpression':
        // a list of names, of which a type is made
        if (isConst(node) && isNode(node.expression) && node.expression.type === 'ArrayExpression' && !isSure) {
          visitChildren(node.expression, false, isLiteral);
          return;
        }
        break;
      case 'Literal':
        addLiteral(node, 'literal', isSure);
        return;
      case 'TemplateLiteral':
        addLiteral(node, 'literal', isSure);
        visitValues(node);
        return;
      default:
    }
    visitChildren(node, isSure);
  };

  const visitChildren = (node: AstNode, sure: boolean, isLeftOut: (child: AstNode) => boolean = () => false): void => {
    for (const child of childrenOf(node)) {
      if (!isLeftOut(child)) {
        visit(child, sure);
      }
    }
  };

  const visitProperty = (node: AstNode, sure: boolean): void => {
    const isCode = codeProperties.test(nameOf(node.key));
    visitChildren(
      node,
      sure,
      (child) =>
        ((child === node.key || child === node.property) && isLiteral(child)) ||
        (child === node.value && isCode && /^(Literal|TemplateLiteral|ArrayExpression)$/.test(child.type)),
    );
  };

  const visitValues = (node: AstNode): void => {
    for (const value of node.type === 'BinaryExpression' ? leavesOf(node) : [node]) {
      for (const expression of value.type === 'TemplateLiteral' ? (value.expressions as AstNode[]) : []) {
        visit(expression, false);
      }
    }
  };

  const visitAttribute = (node: AstNode): void => {
    const name = nameOf(node.name);
    const value = node.value as AstNode | null;
    if (!value || codeAttributes.test(name)) {
      // a value may have elements in it
      if (value?.type === 'JSXExpressionContainer' && !isLiteral(value.expression)) {
        visitChildren(
          value,
          false,
          (child) => child.type === 'TemplateLiteral' || child.type === 'ConditionalExpression',
        );
      }
    } else if (value.type === 'Literal') {
      addLiteral(value, 'attribute', textAttributes.test(name));
    } else {
      const { expression } = value as unknown as { readonly expression?: AstNode };
      visit(expression ?? value, textAttributes.test(name) && !!expression && isChoice(expression));
    }
  };

  const visitCall = (node: AstNode, sure: boolean): void => {
    const callee = node.callee as AstNode;
    const name = callee.type === 'MemberExpression' ? nameOf(callee.property) : nameOf(callee);
    const given = node.arguments as AstNode[];
    const hasCount = pluralCalls[name];
    if (hasCount !== undefined && given.length > 1) {
      const [count, one, many] = given as [AstNode, AstNode, AstNode?];
      visit(count, false);
      const forms = [one, many].map((each) => each && formOf(each, false));
      const [first, second] = forms;
      if (first) {
        const form = (each: Form): Form =>
          hasCount ? { ...each, text: `{0} ${renumbered(each.text)}`, values: [count, ...each.values] } : each;
        const other = second ?? { ...first, text: `${first.text}s` };
        const last = given.at(-1) as AstNode;
        add(
          {
            kind: 'plural',
            hasCount,
            start: one.start,
            end: last.end,
            before: '',
            after: '',
            forms: [form(first), form(other)],
          },
          true,
        );
        visitValues(one);
        if (many) {
          visitValues(many);
        }
        return;
      }
    }
    visit(callee, false);
    for (const [index, each] of given.entries()) {
      const isCode =
        codeCalls.test(name) ||
        // the key of a map, or a member of a set
        (/^(add|set)$/.test(name) && callee.type === 'MemberExpression' && index === 0);
      const node = each as AstNode;
      if (name === 'Set' && node.type === 'ArrayExpression') {
        visitChildren(node, false, isLiteral);
      } else if (!isCode || !/^(Literal|TemplateLiteral)$/.test(node.type)) {
        // `right('SIZE')`
        if (name === 'right' && isString(node)) {
          found.push(headOf(node));
          continue;
        }
        // `paint('red', 'failed')`
        visit(node, sure || (name === 'paint' && index > 0));
      }
    }
  };

  /** A paragraph with values and emphasised words in it is one text. */
  const visitElement = (node: AstNode): void => {
    if (isNode(node.openingElement)) {
      if (codeElements.test(nameOf(node.openingElement.name))) {
        visit(node.openingElement, false);
        visitChildren(node, false, (child) => child.type === 'JSXText' || child === node.openingElement);
        return;
      }
      visit(node.openingElement, false);
    }
    const children = node.children as AstNode[];
    const said = withoutNeighbours(children);
    const [first, last] = [said[0], said.at(-1)];
    if (first && last && hasOwnText(said)) {
      const { form, inside } = innerForm(said);
      if (add({ kind: 'children', start: first.start, end: last.end, ...trimmed(form) }, true)) {
        [...children.filter((child) => child.type !== 'JSXText' && !said.includes(child)), ...inside].forEach(
          visitChild,
        );
        return;
      }
    }
    children.filter(({ type }) => type !== 'JSXText').forEach(visitChild);
  };

  const visitChild = (child: AstNode): void => {
    const { expression } = child as unknown as { readonly expression?: AstNode };
    visit(expression ?? child, !!expression && isChoice(expression));
  };

  visit(program as unknown as AstNode, false);
  return found.sort((one, other) => one.start - other.start || other.end - one.end);
}

/** What a reader of the sources sees of a text, with its line. */
export function textsOf(source: SourceFile): { readonly text: string; readonly line: number }[] {
  return messagesOf(source).flatMap(({ start, forms }) =>
    forms.flatMap((form) => (form ? [{ text: form.text.replace(/\s+/g, ' '), line: source.lineAt(start) }] : [])),
  );
}

const headOf = ({ start, end, value }: AstNode & { readonly value: string }): Message => ({
  kind: 'literal',
  start,
  end,
  before: '',
  after: '',
  forms: [{ text: value, values: [], elements: [] }],
});

/** What a literal, a template or a sum of them says. Undefined if it is anything else. */
function formOf(node: AstNode, isAttribute: boolean): Form | undefined {
  const leaves = node.type === 'BinaryExpression' ? leavesOf(node) : [node];
  const values: Range[] = [];
  let text = '';
  for (const leaf of leaves) {
    if (leaf.type === 'Literal' && typeof leaf.value === 'string') {
      text += isAttribute ? decoded(leaf.value) : leaf.value;
    } else if (leaf.type === 'TemplateLiteral') {
      const quasis = leaf.quasis as { readonly value: { readonly cooked: string } }[];
      const expressions = leaf.expressions as AstNode[];
      quasis.forEach(({ value }, index) => {
        text += value.cooked;
        const expression = expressions[index];
        if (expression) {
          text += `{${values.length}}`;
          values.push(expression);
        }
      });
    } else {
      return undefined;
    }
  }
  return { text, values, elements: [] };
}

/** The terms of a sum, if it adds anything. */
function leavesOf(node: AstNode): AstNode[] {
  return node.type === 'BinaryExpression' && node.operator === '+'
    ? [...leavesOf(node.left as AstNode), ...leavesOf(node.right as AstNode)]
    : [node];
}

const renumbered = (text: string): string => text.replace(/\{(\d+)\}/g, (_, number) => `{${Number(number) + 1}}`);

function trimmed(form: Form): Pick<Message, 'before' | 'after' | 'forms'> {
  const [, before = '', text = '', after = ''] = /^(\s*)(.*?)(\s*)$/s.exec(form.text) ?? [];
  return { before, after, forms: [{ ...form, text }] };
}

/** Elements beside a text. */
const neighbours = /^(Icon|Spinner|Meter|ModeMark|PhaseGlyph|Copyable|\w*Legend|\w*(?:button|Button))$/;

/** Only for screen readers: the text before it is a text of its own, as the label of a button. */
const isHidden = ({ attributes }: AstNode): boolean =>
  (attributes as AstNode[]).some(({ value }) => isString(value) && value.value === 'visually-hidden');

/** Children without the buttons, icons and other elements around their text, which are no part of a sentence. */
function withoutNeighbours(children: readonly AstNode[]): AstNode[] {
  const isNeighbour = (child: AstNode): boolean => {
    const { expression, openingElement } = child as unknown as Readonly<Record<string, AstNode | undefined>>;
    if (child.type === 'JSXText') {
      return String(child.value).trim() === '';
    }
    if (expression) {
      return (
        expression.type === 'JSXEmptyExpression' ||
        hasElement(expression) ||
        (isString(expression) && expression.value.trim() === '')
      );
    }
    if (!openingElement) {
      return true;
    }
    const name = nameOf(openingElement.name);
    const isEmpty = openingElement.selfClosing === true && /^[a-z]/.test(name);
    return neighbours.test(name) || isEmpty || isHidden(openingElement);
  };
  const isText = children.map((child) => !isNeighbour(child));
  return children.slice(isText.indexOf(true), isText.lastIndexOf(true) + 1);
}

const hasElement = (node: AstNode): boolean =>
  /^JSX(Element|Fragment)$/.test(node.type) || [...childrenOf(node)].some(hasElement);

/** Has it words of its own, beside those of the elements in it? */
function hasOwnText(children: readonly AstNode[]): boolean {
  return children.some(
    (child) =>
      (child.type === 'JSXText' && /\p{L}/u.test(decoded(String(child.value)))) ||
      (child.type === 'JSXExpressionContainer' && isString(child.expression) && /\p{L}/u.test(child.expression.value)),
  );
}

/** What elements and texts in an element say together, and the parts that may have texts of their own. */
function innerForm(children: readonly AstNode[]): { readonly form: Form; readonly inside: AstNode[] } {
  const values: Range[] = [];
  const elements: Element[] = [];
  const inside: AstNode[] = [];
  const textOf = (child: AstNode): string => {
    if (child.type === 'JSXText') {
      return lineText(decoded(String(child.value)), String(child.value));
    }
    if (child.type === 'JSXExpressionContainer') {
      const { expression } = child as unknown as { readonly expression: AstNode };
      if (isString(expression)) {
        return expression.value;
      }
      if (expression.type === 'JSXEmptyExpression') {
        return '';
      }
    }
    const opening = child.openingElement as AstNode | undefined;
    const inner = (child.children as AstNode[] | undefined) ?? [];
    const isPart =
      opening && !codeElements.test(nameOf(opening.name)) && hasOwnText(inner) && isNode(child.closingElement);
    if (isPart) {
      const number = elements.push({ open: opening, close: child.closingElement as AstNode }) - 1;
      inside.push(opening);
      return `<${number}>${inner.map(textOf).join('')}</${number}>`;
    }
    inside.push(child);
    return `{${values.push(child) - 1}}`;
  };
  const text = children.map(textOf).join('');
  return { form: { text, values, elements }, inside };
}

/** The text between elements as React shows it: without line breaks and the indentation around them. */
function lineText(text: string, raw: string): string {
  if (!raw.includes('\n')) {
    return text;
  }
  const lines = text.split('\n');
  return lines
    .map((line, index) => {
      const start = index === 0 ? line : line.replace(/^[ \t]+/, '');
      return index === lines.length - 1 ? start : start.replace(/[ \t]+$/, '');
    })
    .filter((line) => line !== '')
    .join(' ');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

function decoded(text: string): string {
  return text.replace(/&(\w+);/g, (entity, name) => {
    const character = entities[name];
    if (character === undefined) {
      throw new Error(`Write the character instead of ${entity}.`);
    }
    return character;
  });
}

const isLiteral = (node: unknown): node is AstNode => isNode(node) && node.type === 'Literal';

const isString = (node: unknown): node is AstNode & { readonly value: string } =>
  isLiteral(node) && typeof node.value === 'string';

/** One of several literals, as in `is ? 'a' : 'b'` and `text ?? 'a'`. */
const isChoice = (node: AstNode): boolean =>
  /^(Literal|TemplateLiteral|ConditionalExpression|LogicalExpression)$/.test(node.type);

const isConst = ({ typeAnnotation }: AstNode): boolean =>
  isNode(typeAnnotation) && nameOf(typeAnnotation.typeName) === 'const';

const nameOf = (node: unknown): string =>
  isNode(node) ? (node.type === 'JSXNamespacedName' ? '' : String(node.name ?? '')) : '';

function* childrenOf(node: AstNode): Generator<AstNode> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) {
        yield child;
      }
    }
  }
}
