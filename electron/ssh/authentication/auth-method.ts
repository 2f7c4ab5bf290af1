import type { AnyAuthMethod } from 'ssh2';

/** The authentication methods of SSH (RFC 4252, RFC 4256) that are used here. */
export type AuthMethodName = 'publickey' | 'keyboard-interactive' | 'password';

/** One key, or one kind of secret, to sign in to one server with, including all its attempts. */
export interface AuthMethod {
  /** For messages, such as "the key file ~/.ssh/id_rsa". */
  readonly label: string;
  readonly name: AuthMethodName;
  /**
   * A key of an agent that neither the connection nor the configuration names. Messages count such keys instead of
   * listing them.
   */
  readonly isUnnamedAgentKey?: boolean;
  /** A key that the connection or the configuration names, and that signs at once: no agent and no person is asked. */
  readonly isReady?: boolean;
  /** Why the server may have refused it, as a sentence. */
  readonly refusalNote?: string;
  /**
   * The next attempt; undefined where there is none left.
   * @throws Failure `ssh.cancelled` where a person cancels the prompt
   */
  nextAttempt(): Promise<AnyAuthMethod | undefined>;
  /**
   * Called when the last attempt did not complete the sign-in.
   * @param isPartialSuccess the attempt was correct, but the server requires a further method.
   */
  onRefused(isPartialSuccess: boolean): Promise<void>;
  /** Called instead when the server does not accept such methods now: the last attempt can be made once more. */
  takeBack?(): void;
  /** Drops the secrets and keys, at the end of the sign-in. */
  release(): void;
}
