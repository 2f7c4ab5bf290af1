/** The sites that the app links to. */
export const externalHosts: readonly string[] = ['podman.io', 'docs.podman.io', 'docs.docker.com', 'github.com'];

/** Whether the system's browser may open the URL. Only known sites: logs and image labels can contain any link. */
export function canOpenExternally(url: string): boolean {
  const parsed = parse(url);
  return (
    parsed?.protocol === 'https:' &&
    parsed.port === '' &&
    parsed.username === '' &&
    parsed.password === '' &&
    externalHosts.includes(parsed.hostname)
  );
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
