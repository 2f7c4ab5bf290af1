import { type Command, Option } from 'commander';
import type { PushCredentials } from '../command.ts';
import * as values from './option-values.ts';

/** The options of the commands that push. */
export interface RegistryOptions {
  readonly tlsVerify: boolean;
  readonly creds?: PushCredentials;
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** Adds all options, or those for credentials only. @param use what they are for. @param tlsUse if TLS is not verified for more */
export function withRegistryOptions(
  command: Command,
  { tls = true, use = 'this push', tlsUse }: { tls?: boolean; use?: string; tlsUse?: string } = {},
): Command {
  if (tls) {
    command.addOption(
      new Option(
        '--tls-verify [BOOLEAN]',
        `false also allows plain HTTP and untrusted certificates for ${(tlsUse ?? use).replace('this', 'a')}`,
      )
        .default(true)
        .argParser(values.parseBoolean),
    );
  }
  return command
    .option(
      '--creds <USER[:PASSWORD]>',
      `credentials for ${use} only; prompts for a missing password`,
      values.parseCredentials,
    )
    .addOption(new Option('--username <USER>', `user name for ${use} only`).conflicts('creds'))
    .option('--password-stdin', 'read the password for --username from standard input');
}

/** @throws Failure `input.invalid` */
export function pushCredentials({
  creds,
  username,
  passwordStdin,
}: Omit<RegistryOptions, 'tlsVerify'>): PushCredentials | undefined {
  if (passwordStdin && username === undefined) {
    throw values.invalidInput('--password-stdin requires --username.', 'Add --username USER.');
  }
  if (username === undefined) {
    return creds;
  }
  return { username, password: { from: passwordStdin ? 'input' : 'prompt' } };
}
