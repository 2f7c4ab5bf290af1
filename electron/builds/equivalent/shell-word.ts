/** A text as one word of a shell, quoted only where that is needed. Control characters are written as escapes of bash. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) {
    return text;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text)) {
    const escaped = text.replaceAll(/[\\']/g, '\\$&').replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, escapeOf);
    return `$'${escaped}'`;
  }
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function escapeOf(character: string): string {
  const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  // as bytes of UTF-8, which a shell reads in every locale
  const bytes = [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`);
  return named[character] ?? bytes.join('');
}

/** A command with an argument on each line. @param words as {@link shellWord} returns them */
export function commandText(start: string, words: readonly string[]): string {
  return [start, ...words].join(' \\\n  ');
}
