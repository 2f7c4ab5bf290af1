/** The longest name that `nameSchema` allows. */
const maxLength = 63;

/**
 * A name that is not in use: the preferred name, or else the preferred name with the first free number, cut to the
 * longest length.
 */
export function freeName(preferred: string, isTaken: (name: string) => boolean): string {
  let name = preferred;
  for (let number = 2; isTaken(name); number++) {
    const suffix = `-${number}`;
    name = `${preferred.slice(0, maxLength - suffix.length)}${suffix}`;
  }
  return name;
}

/**
 * Turns any text into a valid name: characters that a name cannot have become dashes. Returns the fallback if nothing
 * is left.
 */
export function toName(text: string, fallback: string): string {
  const name = text
    // text from a file may be very long, and only its beginning matters
    .slice(0, maxLength * 2)
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, maxLength)
    .replace(/-+$/, '');
  return name === '' ? fallback : name;
}
