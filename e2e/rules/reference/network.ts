/** The ports and connections of the product. */

interface Row {
  readonly what: string;
  readonly where: string;
  readonly note: string;
}

const listening: readonly Row[] = [
  {
    what: 'The socket of the running app',
    where: '`app.sock` in the data folder; a named pipe on Windows',
    note: 'Commands in a terminal use the app through it. Only your user may open it.',
  },
  {
    what: 'The browser front end',
    where: '127.0.0.1, a free port or the one of `--port`',
    note: 'Only with the key of the address that it prints, which works once. Requests of other pages and host names are refused.',
  },
  {
    what: 'The receiver of images, on each node while a job is transferred',
    where: '127.0.0.1 on the node, a free port, forwarded by SSH to Barnraiser',
    note: 'Takes only what a running job may send; it is no port of this computer.',
  },
];

const outgoing: readonly Row[] = [
  {
    what: 'Nodes over SSH',
    where: 'port 22, or that of the connection; jump hosts of your SSH configuration',
    note: 'The project, secrets of builds (to the engine only), images back.',
  },
  {
    what: 'Nodes over TCP',
    where: 'the port of the connection, usually 2376 (docker) or 1234 (BuildKit)',
    note: 'With TLS, unless the connection allows to do without.',
  },
  {
    what: 'BuildKit in containers and pods',
    where: 'the docker of the container; the cluster of kubectl',
    note: 'Through `docker exec` of its API, or `kubectl exec`.',
  },
  {
    what: 'Registries',
    where: 'port 443, or that of the name; their token servers and mirrors',
    note: 'For pushes, pulls, copies, lists of tags, base images in lint, and checks of base images if they are switched on.',
  },
  { what: 'Repositories of git', where: 'as in their URLs', note: 'By the git of this computer.' },
  {
    what: 'Archives by URL',
    where: 'nothing',
    note: 'Barnraiser downloads none itself. An engine may, where a Containerfile has ADD with a URL.',
  },
];

export function networkPage(): string {
  const table = (rows: readonly Row[]): string =>
    `| what | where | notes |\n| --- | --- | --- |\n${rows.map(({ what, where, note }) => `| ${what} | ${where} | ${note} |\n`).join('')}`;
  return `# Ports and network use

Barnraiser sends nothing to its authors: no statistics, no reports of errors. It connects only to what you name.

## What listens

${table(listening)}
## What it connects to

${table(outgoing)}
Nodes connect on their own to registries for base images, and with \`--direct\` to push. They use their own network, proxies and certificates.

Proxies are those of the [environment](environment.md), or of the settings of a registry ([registries.md](../registries.md)). Loopback addresses never use a proxy.

Made by \`npx vitest run --project rules -u\` from \`e2e/rules/reference/network.ts\`.
`;
}
