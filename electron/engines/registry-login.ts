/** A login that a node uses during a build. It is only sent to the engine: never logged, recorded or reported. */
export interface RegistryLogin {
  /** The host of a registry; Docker Hub is `docker.io`. */
  readonly registry: string;
  readonly credentials: { readonly username: string; readonly password: string } | { readonly identityToken: string };
  /**
   * Gets a token that only allows to pull from some repositories, for an engine that then needs no credentials. Without a
   * repository, from any that the build needs. Undefined if the registry gives no tokens.
   * @throws Failure `registry.*`, such as for a registry that only the node can reach; the reason of the signal
   */
  readonly fetchPullToken?: (repositories: readonly string[], signal: AbortSignal) => Promise<PullToken | undefined>;
}

export interface PullToken {
  readonly token: string;
  readonly lifetimeSeconds: number;
}
