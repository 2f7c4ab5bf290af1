import { fail } from '../../../shared/problem.ts';
import type { Place } from './broken.ts';
import { type Destination, expandTokens, type Tokens } from './tokens.ts';

/** What a configuration says to run for the way to a host. */
export interface ProxyCommand extends Place {
  /** As it stands there. */
  readonly text: string;
  readonly tokens: Tokens;
  /** Does it hand over a connection, in place of being one (ProxyUseFdpass)? */
  readonly passesDescriptor: boolean;
}

/** Source: OpenSSH 9.2, sshconnect.c, expand_proxy_command(); `%k` is not in its manual. */
export function commandTokens({ host, originalHost, hostKeyAlias, port, user }: Destination): Tokens {
  return { h: host, k: hostKeyAlias ?? originalHost, n: originalHost, p: String(port), r: user };
}

/**
 * The command with what its tokens stand for, as the shell gets it.
 * @throws Failure `ssh.config` where a token means nothing, or stands for what a shell would not take for a word
 */
export function expandCommand({ text, tokens }: ProxyCommand): string {
  for (const [, letter = ''] of text.matchAll(/%(.)/gs)) {
    const value = tokens[letter];
    // A command is allowed as it is written, and a connection may come from somebody else with a user or host of its own.
    // OpenSSH refuses such names too since 9.6 (CVE-2023-51385); this is a bit narrower.
    if (value !== undefined && !/^(?!-)[\p{L}\p{N}_.:@%+,=/-]+$/u.test(value)) {
      throw fail(
        'ssh.config',
        `ProxyCommand ${text} puts "${value}" in for %${letter}, of which a shell would make something else.`,
        'Give the host or the user a plainer name: letters, digits and _ . : @ % + , = / - are.',
      );
    }
  }
  return expandTokens(text, tokens, 'ProxyCommand');
}
