/**
 * Where a JSON text is broken and how: `line 3, column 5: Expected ',' or ']' …`. V8 says the place in three ways, as a
 * position, as an excerpt that surrounds it, or, for short texts, by quoting all of it; then its own sentence has to do.
 * @param error what `JSON.parse(text)` threw
 */
export function jsonErrorPlace(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const position = positionOf(text, message);
  if (position === undefined) {
    return message;
  }
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  const column = position - before.lastIndexOf('\n');
  const sentence = message.replace(/ in JSON at position .*$/s, '').replace(/, \.\.\..*$/s, '');
  return `line ${line}, column ${column}: ${sentence}.`;
}

/** How many characters V8 quotes on either side of an unexpected token, where the text is long enough. */
const excerptReach = 10;

function positionOf(text: string, message: string): number | undefined {
  const said = /at position (\d+)/.exec(message)?.[1];
  if (said !== undefined) {
    return Number(said);
  }
  if (message.startsWith('Unexpected end')) {
    return text.length;
  }
  const excerpt = /, \.\.\."(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(message)?.[1];
  const start = excerpt === undefined ? -1 : text.indexOf(excerpt);
  return start < 0 || (excerpt !== undefined && text.indexOf(excerpt, start + 1) >= 0)
    ? undefined
    : start + excerptReach;
}
