/** The path on which an image gets or loses a name. */
export function namePath(image: string, verb: 'tag' | 'untag', name: string): string {
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const query = new URLSearchParams({
    repo: hasTag ? name.slice(0, colon) : name,
    tag: hasTag ? name.slice(colon + 1) : 'latest',
  });
  return `images/${encodeURIComponent(image)}/${verb}?${query}`;
}
