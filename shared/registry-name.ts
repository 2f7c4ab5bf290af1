/** The names of Docker Hub in credential files. `docker login` writes the first. */
export const dockerHubNames = ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];

export function isDockerHub(registry: string): boolean {
  return dockerHubNames.includes(registry.toLowerCase());
}

/** The usual spelling of a registry or a path in it, as a person may type it: `https://Quay.io/` is `quay.io`. */
export function normalRegistryName(text: string): string {
  const [host = '', ...path] = text
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '')
    .split('/');
  const isHub = isDockerHub(host);
  const isOldPath = isHub && path.length === 1 && /^v[12]$/.test(path[0] ?? '');
  return [isHub ? 'docker.io' : host.toLowerCase(), ...(isOldPath ? [] : path)].join('/');
}

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;
const pathPattern = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/;

/** Why a text is not the name of a registry, as a sentence. Undefined if it is one. `path`: a path may follow. */
export function registryNameProblem(text: string, { path: mayHavePath = false } = {}): string | undefined {
  const [host = '', ...path] = text.split('/');
  const port = Number(/:(\d+)$/.exec(host)?.[1] ?? 1);
  if (text.length > 512 || !hostPattern.test(host) || port < 1 || port > 65_535) {
    return `"${text.slice(0, 100)}" is not the name of a registry. Enter a host such as registry.example.com:5000.`;
  }
  if (path.length > 0 && !mayHavePath) {
    return `"${text}" has a path. Enter the host alone: ${host}.`;
  }
  return path.every((part) => pathPattern.test(part))
    ? undefined
    : `"${text}" is not a path in a registry. It has lowercase letters, digits, and . _ - between them.`;
}
