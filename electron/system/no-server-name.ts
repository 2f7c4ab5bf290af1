/**
 * For requests of `node:http` to a host that is no IP address. Without it, Node finds that out by a pattern that takes 20 ms to
 * compile, to choose a name that only TLS needs.
 */
export const noServerName = { servername: '' } as const;
