/** A login that a node uses during a build. It is only sent to the engine: never logged, recorded or reported. */
export interface RegistryLogin {
  /** The host of a registry; Docker Hub is `docker.io`. */
  readonly registry: string;
  readonly credentials: { readonly username: string; readonly password: string } | { readonly identityToken: string };
}
