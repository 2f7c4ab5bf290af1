/** Puts translations in the place of the texts of a source file. */
import type { SourceFile } from '../rules/source.ts';
import { type Forms, mainForm, partsOf, type Translation } from './catalogue.ts';
import { keyOf, type Message, messagesOf, type Range } from './messages.ts';

/** The translation of a text. Undefined: it stays English. */
export type FindTranslation = (key: string, isPlural: boolean) => Translation | undefined;

/** The code of a file with translated texts. */
export function translateSource(source: SourceFile, find: FindTranslation): string {
  const messages = messagesOf(source);
  /** The code of a range, with what is translated in it. */
  const codeOf = ({ start, end }: Range): string => {
    let code = '';
    let at = start;
    for (const message of messages) {
      const isInside = message.start >= at && message.end <= end;
      const translated = isInside ? translate(message) : undefined;
      if (translated !== undefined) {
        code += source.text.slice(at, message.start) + translated;
        at = message.end;
      }
    }
    return code + source.text.slice(at, end);
  };
  const translate = (message: Message): string | undefined => {
    const translation = find(keyOf(message), message.kind === 'plural');
    if (translation === undefined) {
      return undefined;
    }
    const { kind, before, after } = message;
    if (kind === 'plural') {
      return pluralCode(translation as Forms, message, codeOf);
    }
    const text = `${before}${translation}${after}`;
    return kind === 'children'
      ? childrenCode(text, message, codeOf)
      : kind === 'attribute'
        ? `{${JSON.stringify(text)}}`
        : literalCode(text, mainForm(message).values, codeOf);
  };
  return codeOf({ start: 0, end: source.text.length });
}

type CodeOf = (range: Range) => string;

function literalCode(text: string, values: readonly Range[], codeOf: CodeOf): string {
  if (values.length === 0) {
    return JSON.stringify(text);
  }
  return `\`${[...partsOf(text)]
    .map((part) =>
      'text' in part
        ? part.text.replace(/[\\`]|\$(?=\{)/g, '\\$&')
        : `\${${codeOf(values['value' in part ? part.value : -1] as Range)}}`,
    )
    .join('')}\``;
}

/** The forms as an object. The count is written in place of a null character. */
function pluralCode(forms: Forms, message: Message, codeOf: CodeOf): string {
  const hasCount = message.hasCount === true;
  const values = mainForm(message).values;
  const properties = Object.entries(forms).map(([category, text]) => {
    const marked = hasCount ? text.replaceAll('{0}', '\0') : text;
    return `${category}: ${literalCode(marked, values, codeOf).replaceAll('\0', '\\u0000')}`;
  });
  return `{ ${properties.join(', ')} }`;
}

function childrenCode(text: string, message: Message, codeOf: CodeOf): string {
  const { values, elements } = mainForm(message);
  return [...partsOf(text)]
    .map((part) => {
      if ('text' in part) {
        return `{${JSON.stringify(part.text)}}`;
      }
      return 'value' in part
        ? codeOf(values[part.value] as Range)
        : 'open' in part
          ? codeOf((elements[part.open] as (typeof elements)[number]).open)
          : codeOf((elements[part.close] as (typeof elements)[number]).close);
    })
    .join('');
}
