import type { AnyAuthMethod } from 'ssh2';

/** The ways of SSH to prove who one is, of those that are tried here. */
export type AuthMethodName = 'publickey' | 'keyboard-interactive' | 'password';

/** One way to sign in to one server, with all its attempts. */
export interface AuthMethod {
  /** For sentences: "the key file ~/.ssh/id_rsa". */
  readonly says: string;
  readonly method: AuthMethodName;
  /** A key of an agent that nothing names: such are counted, not listed. */
  readonly isOther?: boolean;
  /** It was a key that the server asked a signature of, and the signature was sent. */
  readonly hasSigned?: boolean;
  /** The next attempt; undefined where there is none left. @throws Failure `ssh.cancelled` where a person refuses */
  attempt(): Promise<AnyAuthMethod | undefined>;
  /** The last attempt did not let us in; `right`: it was right all the same, and something more is wanted. */
  answered(right: boolean): Promise<void>;
  /** It is over: what was held for it is held no longer. */
  letGo(): void;
}
