import { fail } from '../../../shared/problem.ts';
import type { ConfigLocation } from './config-problem.ts';
import { expandTokens, type TokenSource, type Tokens } from './tokens.ts';

/** The command that connects to a host, as the configuration defines it. */
export interface ProxyCommand extends ConfigLocation {
  /** Before the expansion of its tokens. */
  readonly text: string;
  readonly tokens: Tokens;
  /** Whether the command passes a file descriptor instead of forwarding data (ProxyUseFdpass). */
  readonly passesDescriptor: boolean;
}

/**
 * The tokens of a ProxyCommand. Source: OpenSSH 9.2, sshconnect.c, expand_proxy_command(); its manual does not mention
 * `%k`.
 */
export function commandTokens({ host, originalHost, hostKeyAlias, port, user }: TokenSource): Tokens {
  return { h: host, k: hostKeyAlias ?? originalHost, n: originalHost, p: String(port), r: user };
}

/**
 * Expands the tokens of a command for the shell.
 * @throws Failure `ssh.config` where a token is unknown, or its value is not a plain word for a shell
 */
export function expandCommand({ text, tokens }: ProxyCommand): string {
  for (const [, letter = ''] of text.matchAll(/%(.)/gs)) {
    const value = tokens[letter];
    // People allow a command before its tokens are expanded, and an imported connection may contain any user and host.
    // OpenSSH also refuses such names since 9.6 (CVE-2023-51385). This rule is slightly stricter.
    if (value !== undefined && !/^(?!-)[\p{L}\p{N}_.:@%+,=/-]+$/u.test(value)) {
      throw fail(
        'ssh.config',
        `ProxyCommand ${text} replaces %${letter} by "${value}", which a shell would not read as a plain word.`,
        'Rename the host or the user. Allowed are letters, digits and _ . : @ % + , = / -',
      );
    }
  }
  return expandTokens(text, tokens, 'ProxyCommand');
}
