/** As long as `nameSchema` lets a name be. */
const maxLength = 63;

/** A name that is not taken: the wished one, else with the first free number. The wished one is cut where a number needs its place. */
export function freeName(wish: string, isTaken: (name: string) => boolean): string {
  let name = wish;
  for (let number = 2; isTaken(name); number++) {
    const end = `-${number}`;
    name = `${wish.slice(0, maxLength - end.length)}${end}`;
  }
  return name;
}

/** Any text as a name: what a name cannot hold becomes a dash. `otherwise` is the name where nothing is left. */
export function fitName(text: string, otherwise: string): string {
  const fit = text
    // more never comes to matter, and a text from a file may have any length
    .slice(0, maxLength * 2)
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, maxLength)
    .replace(/-+$/, '');
  return fit === '' ? otherwise : fit;
}
