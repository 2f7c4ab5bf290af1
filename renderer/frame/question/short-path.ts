/** A key in the `.ssh` of somebody's home, as people write it: `~/.ssh/id_ed25519`. Other paths stay as they are. */
export function shortPath(path: string): string {
  return path.replace(/^(?:\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Za-z]:\\Users\\[^\\]+)(?=[/\\]\.ssh[/\\])/, '~');
}
