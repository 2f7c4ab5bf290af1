/**
 * The longest word in bytes. BSD's csh takes words of at most 1,024 bytes.
 */
const maxWordBytes = 400;

/** Characters that no shell treats specially inside single quotes, nor `printf` in its format. */
const plainCharacters = /[\w .,:=/-]/;

/**
 * A program of a POSIX shell as one line that every login shell passes on unchanged: sh and its relatives, csh, tcsh, fish.
 * They disagree about line ends, `!`, `\\` and `'` inside single quotes, so such bytes are written in octal for `printf`.
 * The program reads the same standard input as the line.
 */
export function shellLine(program: string): string {
  const words = [''];
  // IFS is empty so that "$*" joins the words without blanks; the program gets its default back.
  for (const byte of Buffer.from(`unset IFS\n${program}`)) {
    const character = String.fromCharCode(byte);
    const written = plainCharacters.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
    if ((words.at(-1) ?? '').length + written.length > maxWordBytes) {
      words.push('');
    }
    words[words.length - 1] += written;
  }
  return `sh -c 'IFS=; eval "$(printf "$*")"' sh ${words.map((word) => `'${word}'`).join(' ')}`;
}
