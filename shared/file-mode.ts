/** A mode as `ls` writes it: `rwxr-xr-x`, with `s` and `t` for the special bits. */
export function formatMode(mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, index) => (mode & (0o400 >> index) ? letter : '-'));
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const;
  for (const [bit, index, letter] of special) {
    if (mode & bit) {
      letters[index] = letters[index] === 'x' ? letter : letter.toUpperCase();
    }
  }
  return letters.join('');
}
