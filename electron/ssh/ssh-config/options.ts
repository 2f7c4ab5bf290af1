import { broken, type Place } from './broken.ts';
import { type Hop, parseJumps, parsePort } from './jump.ts';
import { knownKeywords } from './keywords.ts';
import { matchesList } from './pattern.ts';
import type { Directive } from './read.ts';

/** What the lines that apply say, as they say it. The first of each wins, but for IdentityFile, which adds up. */
export interface Options {
  hostName?: string;
  user?: string;
  port?: number;
  readonly identityFiles: string[];
  identitiesOnly?: boolean;
  identityAgent?: string;
  jumps?: { readonly text: string; readonly hops: readonly Hop[] };
  /** `text` is all that follows the keyword. */
  proxyCommand?: Place & { readonly text: string };
  proxyUseFdpass?: boolean;
  hostKeyAlias?: string;
  userKnownHostsFiles?: readonly string[];
  /** Seconds. */
  connectTimeout?: number | undefined;
  /** Seconds. */
  serverAliveInterval?: number | undefined;
  serverAliveCountMax?: number;
  hashKnownHosts?: boolean;
  passwordAuthentication?: boolean;
  kbdInteractiveAuthentication?: boolean;
  /** `unbound` and `host-bound` are ways of yes. */
  pubkeyAuthentication?: string;
  numberOfPasswordPrompts?: number;
  ignoreUnknown?: string;
}

/** Source: OpenSSH, readconf.h. */
const maxIdentityFiles = 100;
const maxKnownHostsFiles = 32;

type Apply = (line: Directive, active: boolean, options: Options, context: Context) => void;

export interface Context {
  readonly env: NodeJS.ProcessEnv;
  readonly note: (text: string) => void;
}

/**
 * Takes over what a line says where it applies. Its form is checked in any case, as ssh does.
 * Source: OpenSSH 9.2, readconf.c, process_config_line_depth(). @throws Failure `ssh.config`
 */
export function applyLine(line: Directive, active: boolean, options: Options, context: Context): void {
  // `constructor` and `__proto__` are no options, though every object has them
  const apply = Object.hasOwn(appliers, line.keyword) ? appliers[line.keyword] : undefined;
  if (apply) {
    apply(line, active, options, context);
  } else if (
    !knownKeywords.has(line.keyword) &&
    !matchesList(line.keyword, options.ignoreUnknown?.toLowerCase() ?? '')
  ) {
    throw broken(line, `There is no option ${line.keyword}.`, 'Correct it, or name it in IgnoreUnknown.');
  }
}

const appliers: Readonly<Record<string, Apply | undefined>> = {
  hostname: first('hostName', oneWord),
  user: first('user', oneWord),
  port: first('port', (line) => {
    const port = parsePort(oneWord(line));
    if (port === undefined) {
      throw broken(line, `"${oneWord(line)}" is no port.`);
    }
    return port;
  }),
  identityfile: (line, active, { identityFiles }) => {
    const file = oneWord(line);
    if (!active || identityFiles.includes(file)) {
      return;
    }
    if (identityFiles.length >= maxIdentityFiles) {
      throw broken(line, `There are more than ${maxIdentityFiles} identity files.`);
    }
    identityFiles.push(file);
  },
  identitiesonly: first('identitiesOnly', yesOrNo),
  hashknownhosts: first('hashKnownHosts', yesOrNo),
  passwordauthentication: first('passwordAuthentication', yesOrNo),
  kbdinteractiveauthentication: first('kbdInteractiveAuthentication', yesOrNo),
  // its names of old
  challengeresponseauthentication: first('kbdInteractiveAuthentication', yesOrNo),
  skeyauthentication: first('kbdInteractiveAuthentication', yesOrNo),
  tisauthentication: first('kbdInteractiveAuthentication', yesOrNo),
  pubkeyauthentication: first('pubkeyAuthentication', (line) => {
    const said = { true: 'yes', false: 'no' }[oneWord(line).toLowerCase()] ?? oneWord(line).toLowerCase();
    if (!['yes', 'no', 'unbound', 'host-bound'].includes(said)) {
      throw broken(line, `PubkeyAuthentication cannot be "${oneWord(line)}".`);
    }
    return said;
  }),
  numberofpasswordprompts: first('numberOfPasswordPrompts', wholeNumber),
  identityagent: first('identityAgent', (line, { env }) => {
    const agent = oneWord(line);
    for (const [all, name = ''] of agent.matchAll(/\$\{([^}]*)\}/g)) {
      if (!Object.hasOwn(env, name) || env[name] === undefined) {
        throw broken(line, `${all} is not set.`, `Set ${name}, or write the path without it.`);
      }
    }
    if (/^\$(?!\{)/.test(agent) && !/^\$[A-Za-z0-9_]+$/.test(agent)) {
      throw broken(line, `${agent} is no variable.`);
    }
    return agent;
  }),
  proxyjump: (line, active, options) => {
    const text = line.text.replace(/[ \t#].*$/, '');
    const hops = parseJumps(text);
    if (!hops) {
      throw broken(
        line,
        `"${line.text}" is no way to jump.`,
        'Write user@host:port, several with commas and no spaces.',
      );
    }
    if (active && options.proxyCommand === undefined) {
      options.jumps ??= { text, hops };
    }
  },
  proxycommand: (line, active, options) => {
    // a ProxyJump that comes first wins, also its `none`
    if (active && options.jumps === undefined) {
      const { file, line: number, text } = line;
      options.proxyCommand ??= { file, line: number, text };
    }
  },
  proxyusefdpass: first('proxyUseFdpass', yesOrNo),
  hostkeyalias: first('hostKeyAlias', oneWord),
  userknownhostsfile: first('userKnownHostsFiles', (line) => {
    const files = line.words;
    if (files.length === 0 || files.includes('')) {
      throw broken(line, 'UserKnownHostsFile lacks a file.');
    }
    if (files.length > 1 && files.some((file) => file.toLowerCase() === 'none')) {
      throw broken(line, 'UserKnownHostsFile: none stands alone.');
    }
    if (files.length > maxKnownHostsFiles) {
      throw broken(line, `UserKnownHostsFile names more than ${maxKnownHostsFiles} files.`);
    }
    return files;
  }),
  stricthostkeychecking: (line, active, _options, { note }) => {
    const word = oneWord(line).toLowerCase();
    if (!['yes', 'true', 'no', 'false', 'off', 'ask', 'accept-new'].includes(word)) {
      throw broken(line, `StrictHostKeyChecking cannot be "${word}".`);
    }
    if (active && ['no', 'false', 'off', 'accept-new'].includes(word)) {
      note(`${line.file}:${line.line}: StrictHostKeyChecking ${word} is ignored: Barnraiser asks about new host keys.`);
    }
  },
  canonicalizehostname: (line, active, _options, { note }) => {
    if (active && oneWord(line).toLowerCase() !== 'no') {
      note(`${line.file}:${line.line}: CanonicalizeHostname is ignored: names are looked up as they are.`);
    }
  },
  connecttimeout: first('connectTimeout', seconds),
  serveraliveinterval: first('serverAliveInterval', seconds),
  serveralivecountmax: first('serverAliveCountMax', wholeNumber),
  ignoreunknown: first('ignoreUnknown', oneWord),
};

/** An option that is said once: what comes later is read, and left. */
function first<K extends keyof Options>(key: K, read: (line: Directive, context: Context) => Options[K]): Apply {
  return (line, active, options, context) => {
    const value = read(line, context);
    if (active) {
      options[key] ??= value;
    }
  };
}

function oneWord(line: Directive): string {
  const [word = '', more] = line.words;
  if (word === '') {
    throw broken(line, `${line.keyword} lacks its value.`);
  }
  if (more !== undefined) {
    throw broken(line, `${line.keyword} has more than one value: "${more}".`, 'Quote a value that has spaces.');
  }
  return word;
}

function yesOrNo(line: Directive): boolean {
  const word = oneWord(line).toLowerCase();
  if (!['yes', 'true', 'no', 'false'].includes(word)) {
    throw broken(line, `${line.keyword} is yes or no, not "${word}".`);
  }
  return word === 'yes' || word === 'true';
}

function wholeNumber(line: Directive): number {
  const word = oneWord(line);
  if (!/^\d{1,9}$/.test(word)) {
    throw broken(line, `"${word}" is no number.`);
  }
  return Number(word);
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** `90`, `1m30s`; `none` leaves it to what comes later. Source: sshd_config(5), TIME FORMATS. */
function seconds(line: Directive): number | undefined {
  const word = oneWord(line);
  if (word === 'none') {
    return undefined;
  }
  if (!/^(\d+[smhdw]?)+$/i.test(word) || word.length > 20) {
    throw broken(line, `"${word}" is no time.`, 'Write seconds, or as in 1m30s.');
  }
  const parts = [...word.matchAll(/(\d+)([smhdw]?)/gi)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitSeconds[unit.toLowerCase()] ?? 1), 0);
}
