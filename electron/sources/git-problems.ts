import { type Failure, fail } from '../../shared/failure.ts';
import { sanitizeText } from '../../shared/untrusted-text.ts';

interface Explanation {
  readonly pattern: RegExp;
  readonly message: (remote: string) => string;
  readonly fix: string;
}

/** What git and ssh print, by cause. The first that matches is used. */
const explanations: readonly Explanation[] = [
  {
    pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    message: (remote) => `The host key of ${remote} is not known to ssh, or is another one than before.`,
    fix: 'Compare the key with the one that the host publishes, then connect once with ssh in a terminal.',
  },
  {
    pattern: /Permission denied \(|Too many authentication failures|sign_and_send_pubkey/,
    message: (remote) => `${remote} refused your SSH keys.`,
    fix: 'Add a key that may read the repository to your SSH agent, or name it in ~/.ssh/config.',
  },
  {
    pattern:
      /could not read (?:Username|Password)|Authentication failed|terminal prompts disabled|HTTP Basic: Access denied|returned error: (?:401|403)/,
    message: (remote) => `${remote} needs a login, and git has none for it.`,
    fix: 'Save one with a credential helper of git, for example with `git credential approve`, or use an SSH URL.',
  },
  {
    pattern: /transport '[^']*' not allowed/,
    message: (remote) => `git may not use the protocol of ${remote}, or of where your git configuration leads it to.`,
    fix: 'Use an https:// or ssh:// URL.',
  },
  {
    pattern:
      /[Rr]epository not found|does not appear to be a git repository|returned error: 404|not found: did you run/,
    message: (remote) => `There is no repository at ${remote}, or your login may not see it.`,
    fix: 'Check the URL and your login.',
  },
  {
    pattern:
      /Could not resolve host|Connection (?:refused|timed out|reset|closed)|No route to host|unable to (?:connect|look up)|Network is unreachable|Failed to connect/,
    message: (remote) => `${remote} cannot be reached.`,
    fix: 'Check the URL and the network.',
  },
  {
    pattern: /certificate|SSL|TLS/,
    message: (remote) => `The connection to ${remote} is not trusted.`,
    fix: 'Add its certificate authority to the system, or name it in http.sslCAInfo of your git configuration.',
  },
  {
    pattern: /No space left on device/,
    message: () => 'There is no space left on the disk for the repository.',
    fix: 'Free some space, then try again.',
  },
];

/** The problem of a git that has failed. `output` is what it has printed. */
export function gitProblem(remote: string, output: string, isTooLarge = false): Failure {
  const detail = sanitizeText(
    output
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== '' && !/\d+% \(/.test(line))
      .slice(-10)
      .join('\n'),
  );
  if (isTooLarge) {
    return fail('source.git', `${remote} has too many references.`, 'Use another repository.');
  }
  const found = explanations.find(({ pattern }) => pattern.test(output));
  return found
    ? fail('source.access', found.message(remote), found.fix, detail)
    : fail('source.git', `git could not get ${remote}.`, 'Try the same with git in a terminal.', detail);
}
