/**
 * Says where a JSON text is not valid and why: `line 3, column 5: Expected ',' or ']' …`. V8 reports the position as a
 * number, or only by an excerpt of the text around it. For a short text the excerpt is the whole text: then V8's
 * message is returned as it is. The npm package `parse-json` only finds positions that are reported as a number.
 * @param error what `JSON.parse(text)` threw
 */
export function describeJsonError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const position = positionOf(text, message);
  if (position === undefined) {
    return message;
  }
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  const column = position - before.lastIndexOf('\n');
  const reason = message.replace(/ in JSON at position .*$/s, '').replace(/, \.\.\..*$/s, '');
  return `line ${line}, column ${column}: ${reason}.`;
}

/** The number of characters that V8 quotes before an unexpected token, if the text is long enough. */
const excerptMargin = 10;

function positionOf(text: string, message: string): number | undefined {
  const reported = /at position (\d+)/.exec(message)?.[1];
  if (reported !== undefined) {
    return Number(reported);
  }
  if (message.startsWith('Unexpected end')) {
    return text.length;
  }
  const excerpt = /, \.\.\."(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(message)?.[1];
  const start = excerpt === undefined ? -1 : text.indexOf(excerpt);
  const isAmbiguous = excerpt !== undefined && text.indexOf(excerpt, start + 1) >= 0;
  return start < 0 || isAmbiguous ? undefined : start + excerptMargin;
}
