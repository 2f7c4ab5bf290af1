import { jsonErrorPlace } from '../../settings/json-error.ts';

/** JSON that somebody else has written: what it holds, or a sentence that says what is wrong and where. */
export function parseJson(text: string): { readonly content: unknown } | { readonly broken: string } {
  try {
    const content: unknown = JSON.parse(text);
    return { content };
  } catch (error) {
    return { broken: `It is no JSON: ${withoutContent(jsonErrorPlace(text, error))}` };
  }
}

/** V8 quotes the text around a fault. It is not repeated: what stands in such a file may be a secret. */
function withoutContent(sentence: string): string {
  return sentence.replace(/,? ?(?:\.\.\.)?".*" ?(?:\.\.\.)? ?is not valid JSON$/s, '').replace(/\.?$/, '.');
}
