/** An instruction for use in a sentence: on one line and without `RUN`, which most instructions start with. */
export function shortInstruction(text: string): string {
  return text.replace(/^RUN\s+/, '').replaceAll(/\s+/g, ' ');
}
