/**
 * The proxies of an environment. Their values may have passwords, so they are never part of a request: they travel beside it, and
 * nothing keeps them.
 */
export type ProxyVariables = Readonly<Record<string, string>>;

/** Engines take these as build arguments that no ARG declares, and leave them out of images. */
const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];

/** By their names in capital letters. The same name in small letters wins, as in curl. */
export function proxiesOf(environment: Readonly<Record<string, string | undefined>>): ProxyVariables {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name.toLowerCase()] ?? environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

/** As build arguments: programs read one or the other letter case. */
export function proxyArgs(proxies: ProxyVariables): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(proxies)
      .filter(([name]) => names.includes(name))
      .flatMap(([name, value]) => [
        [name, value],
        [name.toLowerCase(), value],
      ]),
  );
}
