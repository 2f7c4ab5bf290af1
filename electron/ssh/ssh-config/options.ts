import { type ConfigLocation, configProblem } from './config-problem.ts';
import { knownKeywords } from './keywords.ts';
import { matchesList } from './pattern.ts';
import { type JumpHost, parseJumpHosts, parsePort } from './proxy-jump.ts';
import type { Directive } from './read.ts';

/**
 * The options of all lines that apply, unexpanded. The first value of an option wins, except that the values of
 * IdentityFile and of CertificateFile add up.
 */
export interface HostOptions {
  hostName?: string;
  user?: string;
  port?: number;
  readonly identityFiles: string[];
  readonly certificateFiles: string[];
  identitiesOnly?: boolean;
  identityAgent?: string;
  jumps?: { readonly text: string; readonly hops: readonly JumpHost[] };
  /** `text` is everything after the keyword. */
  proxyCommand?: ConfigLocation & { readonly text: string };
  proxyUseFdpass?: boolean;
  hostKeyAlias?: string;
  userKnownHostsFiles?: readonly string[];
  /** In seconds. */
  connectTimeout?: number | undefined;
  /** In seconds. */
  serverAliveInterval?: number | undefined;
  serverAliveCountMax?: number;
  hashKnownHosts?: boolean;
  passwordAuthentication?: boolean;
  kbdInteractiveAuthentication?: boolean;
  /** `yes`, `no`, or `unbound` or `host-bound`, which are variants of yes. */
  pubkeyAuthentication?: string;
  numberOfPasswordPrompts?: number;
  ignoreUnknown?: string;
}

/** Source: OpenSSH, readconf.h. */
const maxIdentityFiles = 100;
const maxKnownHostsFiles = 32;

type ApplyOption = (line: Directive, isActive: boolean, options: HostOptions, context: ApplyContext) => void;

export interface ApplyContext {
  readonly env: NodeJS.ProcessEnv;
  readonly addNote: (text: string) => void;
}

/**
 * Applies a line to the options, if it is active. As in ssh, inactive lines are checked too.
 * Source: OpenSSH 9.2, readconf.c, process_config_line_depth(). @throws Failure `ssh.config`
 */
export function applyLine(line: Directive, isActive: boolean, options: HostOptions, context: ApplyContext): void {
  // every object has `constructor` and `__proto__`, which are not options
  const apply = Object.hasOwn(optionHandlers, line.keyword) ? optionHandlers[line.keyword] : undefined;
  if (apply) {
    apply(line, isActive, options, context);
  } else if (
    !knownKeywords.has(line.keyword) &&
    !matchesList(line.keyword, options.ignoreUnknown?.toLowerCase() ?? '')
  ) {
    throw configProblem(line, `"${line.keyword}" is not an option of ssh.`, 'Correct it, or add it to IgnoreUnknown.');
  }
}

const optionHandlers: Readonly<Record<string, ApplyOption | undefined>> = {
  hostname: firstValue('hostName', readWord),
  user: firstValue('user', readWord),
  port: firstValue('port', (line) => {
    const port = parsePort(readWord(line));
    if (port === undefined) {
      throw configProblem(line, `"${readWord(line)}" is not a port.`);
    }
    return port;
  }),
  identityfile: fileList('identityFiles', 'identity files'),
  certificatefile: fileList('certificateFiles', 'certificate files'),
  identitiesonly: firstValue('identitiesOnly', readYesOrNo),
  hashknownhosts: firstValue('hashKnownHosts', readYesOrNo),
  passwordauthentication: firstValue('passwordAuthentication', readYesOrNo),
  kbdinteractiveauthentication: firstValue('kbdInteractiveAuthentication', readYesOrNo),
  // older names of kbdinteractiveauthentication
  challengeresponseauthentication: firstValue('kbdInteractiveAuthentication', readYesOrNo),
  skeyauthentication: firstValue('kbdInteractiveAuthentication', readYesOrNo),
  tisauthentication: firstValue('kbdInteractiveAuthentication', readYesOrNo),
  pubkeyauthentication: firstValue('pubkeyAuthentication', (line) => {
    const value = { true: 'yes', false: 'no' }[readWord(line).toLowerCase()] ?? readWord(line).toLowerCase();
    if (!['yes', 'no', 'unbound', 'host-bound'].includes(value)) {
      throw configProblem(line, `PubkeyAuthentication cannot be "${readWord(line)}".`);
    }
    return value;
  }),
  numberofpasswordprompts: firstValue('numberOfPasswordPrompts', readNumber),
  identityagent: firstValue('identityAgent', (line, { env }) => {
    const agent = readWord(line);
    for (const [all, name = ''] of agent.matchAll(/\$\{([^}]*)\}/g)) {
      if (!Object.hasOwn(env, name) || env[name] === undefined) {
        throw configProblem(line, `${all} is not set.`, `Set ${name}, or write the path without it.`);
      }
    }
    if (/^\$(?!\{)/.test(agent) && !/^\$[A-Za-z0-9_]+$/.test(agent)) {
      throw configProblem(line, `"${agent}" is not an environment variable.`);
    }
    return agent;
  }),
  proxyjump: (line, isActive, options) => {
    const text = line.text.replace(/[ \t#].*$/, '');
    const hops = parseJumpHosts(text);
    if (!hops) {
      throw configProblem(
        line,
        `"${line.text}" is not a list of jump hosts.`,
        'Write each as user@host:port, separated by commas without spaces.',
      );
    }
    if (isActive && options.proxyCommand === undefined) {
      options.jumps ??= { text, hops };
    }
  },
  proxycommand: (line, isActive, options) => {
    // an earlier ProxyJump wins, even with `none`
    if (isActive && options.jumps === undefined) {
      const { file, line: number, text } = line;
      options.proxyCommand ??= { file, line: number, text };
    }
  },
  proxyusefdpass: firstValue('proxyUseFdpass', readYesOrNo),
  hostkeyalias: firstValue('hostKeyAlias', readWord),
  userknownhostsfile: firstValue('userKnownHostsFiles', (line) => {
    const files = line.words;
    if (files.length === 0 || files.includes('')) {
      throw configProblem(line, 'UserKnownHostsFile has an empty file name.');
    }
    if (files.length > 1 && files.some((file) => file.toLowerCase() === 'none')) {
      throw configProblem(line, 'UserKnownHostsFile none cannot be combined with files.');
    }
    if (files.length > maxKnownHostsFiles) {
      throw configProblem(line, `UserKnownHostsFile names more than ${maxKnownHostsFiles} files.`);
    }
    return files;
  }),
  stricthostkeychecking: (line, isActive, _options, { addNote }) => {
    const word = readWord(line).toLowerCase();
    if (!['yes', 'true', 'no', 'false', 'off', 'ask', 'accept-new'].includes(word)) {
      throw configProblem(line, `StrictHostKeyChecking cannot be "${word}".`);
    }
    if (isActive && ['no', 'false', 'off', 'accept-new'].includes(word)) {
      addNote(
        `${line.file}:${line.line}: StrictHostKeyChecking ${word} is ignored: Barnraiser always asks about new host keys.`,
      );
    }
  },
  canonicalizehostname: (line, isActive, _options, { addNote }) => {
    if (isActive && readWord(line).toLowerCase() !== 'no') {
      addNote(`${line.file}:${line.line}: CanonicalizeHostname is ignored: Barnraiser looks up names as they are.`);
    }
  },
  connecttimeout: firstValue('connectTimeout', readSeconds),
  serveraliveinterval: firstValue('serverAliveInterval', readSeconds),
  serveralivecountmax: firstValue('serverAliveCountMax', readNumber),
  ignoreunknown: firstValue('ignoreUnknown', readWord),
};

/** Handles an option whose values add up. */
function fileList(key: 'identityFiles' | 'certificateFiles', what: string): ApplyOption {
  return (line, isActive, { [key]: files }) => {
    const file = readWord(line);
    if (!isActive || files.includes(file)) {
      return;
    }
    if (files.length >= maxIdentityFiles) {
      throw configProblem(line, `There are more than ${maxIdentityFiles} ${what}.`);
    }
    files.push(file);
  };
}

/** Handles an option whose first value wins. Later values are checked too. */
function firstValue<K extends keyof HostOptions>(
  key: K,
  read: (line: Directive, context: ApplyContext) => HostOptions[K],
): ApplyOption {
  return (line, isActive, options, context) => {
    const value = read(line, context);
    if (isActive) {
      options[key] ??= value;
    }
  };
}

function readWord(line: Directive): string {
  const [word = '', more] = line.words;
  if (word === '') {
    throw configProblem(line, `${line.keyword} has no value.`);
  }
  if (more !== undefined) {
    throw configProblem(
      line,
      `${line.keyword} has more than one value: "${more}".`,
      'Put quotes around a value with spaces.',
    );
  }
  return word;
}

function readYesOrNo(line: Directive): boolean {
  const word = readWord(line).toLowerCase();
  if (!['yes', 'true', 'no', 'false'].includes(word)) {
    throw configProblem(line, `${line.keyword} must be yes or no, not "${word}".`);
  }
  return word === 'yes' || word === 'true';
}

function readNumber(line: Directive): number {
  const word = readWord(line);
  if (!/^\d{1,9}$/.test(word)) {
    throw configProblem(line, `"${word}" is not a number.`);
  }
  return Number(word);
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/**
 * Reads `90` or `1m30s`. `none` counts as no value, so that a later line applies. Source: sshd_config(5), TIME FORMATS.
 */
function readSeconds(line: Directive): number | undefined {
  const word = readWord(line);
  if (word === 'none') {
    return undefined;
  }
  if (!/^(\d+[smhdw]?)+$/i.test(word) || word.length > 20) {
    throw configProblem(line, `"${word}" is not a time.`, 'Write it in seconds, or as in 1m30s.');
  }
  const parts = [...word.matchAll(/(\d+)([smhdw]?)/gi)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitSeconds[unit.toLowerCase()] ?? 1), 0);
}
