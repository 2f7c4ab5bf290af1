import { z } from 'zod';

/** Names of connections and farms: what a file name, a command line and a label all take without quoting. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'A name is 1 to 63 letters, digits, dots, dashes or underscores, and starts with a letter or digit.',
  );

/** Where an engine is. A missing socketPath of an ssh destination is found on the node. */
export type Destination =
  | {
      readonly kind: 'ssh';
      readonly user?: string;
      readonly host: string;
      /** Without one, the SSH configuration's, else 22. */
      readonly port?: number;
      readonly socketPath?: string;
    }
  | { readonly kind: 'unix'; readonly socketPath: string }
  /** This computer's own engine: its socket is looked for, and podman is started where only its command is there. */
  | { readonly kind: 'local' };

/**
 * The destination that a URI names: `ssh://[user@]host[:port][/path/to.sock]`, `user@host`,
 * `unix:///path.sock`, or `local:` for this computer's engine wherever it is. Returns a sentence that says what is wrong instead, where it names none.
 */
export function parseDestination(uri: string): Destination | string {
  if (uri === 'local:') {
    return { kind: 'local' };
  }
  const text = uri.includes('://') ? uri : `ssh://${uri}`;
  const shown = hidePassword(uri);
  let url: URL;
  let path: string;
  let user: string;
  try {
    url = new URL(text);
    path = decodeURIComponent(url.pathname);
    user = decodeURIComponent(url.username);
  } catch {
    return `"${shown}" is not a URI. Write ssh://user@host:port/path/to.sock or unix:///path/to.sock.`;
  }
  // URL skips some of them in silence, and no path, user or host has any
  if (/\p{Cc}/u.test(uri + path + user)) {
    return `"${shown.replaceAll(/\p{Cc}/gu, '')}" holds a control character. Write it without.`;
  }
  if (url.search || url.hash) {
    return `"${shown}" has a "${url.search || url.hash}" that means nothing here. Leave it out.`;
  }
  if (url.protocol === 'unix:') {
    return url.host || path.length < 2
      ? `"${shown}" names no absolute socket path. Write it with three slashes: unix:///run/podman/podman.sock.`
      : { kind: 'unix', socketPath: path };
  }
  if (url.protocol !== 'ssh:') {
    return `"${shown}" starts with ${url.protocol}//, which Barnraiser cannot use. Write ssh://… or unix://….`;
  }
  if (!url.hostname) {
    return `"${shown}" names no host. Write ssh://user@host:port/path/to.sock.`;
  }
  if (url.password) {
    return `"${shown}" holds a password, which would be stored in clear. Leave it out and use a key.`;
  }
  return {
    kind: 'ssh',
    ...(user ? { user } : {}),
    // an IPv6 address comes in brackets, which belong to the URI and not to the address
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(path.length > 1 ? { socketPath: path } : {}),
  };
}

/** A URI as it may be shown: a password in it, which is never meant to be there, is left out. */
function hidePassword(uri: string): string {
  return uri.replace(/^((?:[a-z][a-z\d+.-]*:\/\/)?[^:@/]*):.*@/is, '$1:…@');
}

export const uriSchema = z.string().superRefine((uri, context) => {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    context.addIssue({ code: 'custom', message: destination });
  }
});

/**
 * An engine that a person told us about. `identity` is the path of a private key file on this computer; without one, the
 * agent and the default keys are tried.
 */
export const connectionSchema = z.object({
  name: nameSchema,
  uri: uriSchema,
  identity: z.string().optional(),
});

export type Connection = Readonly<z.infer<typeof connectionSchema>>;
