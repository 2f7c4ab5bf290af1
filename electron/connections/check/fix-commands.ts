import type { Fix, FixId } from '../../../shared/check.ts';
import { readHandlers } from '../../engines/binfmt.ts';
import { type NodeFacts, wholePath } from './node-facts.ts';

/** A fix that a command on the node does. */
export type NodeFix = Exclude<FixId, 'prune' | 'find-engine'>;

export interface FixPlan {
  /** What a person would type. */
  readonly command: string;
  /** The same as a POSIX shell program that no login has prepared. */
  readonly program: string;
}

const labels: Readonly<Record<FixId, string>> = {
  'enable-socket': 'Enable the socket',
  'start-service': 'Start the service',
  'enable-linger': 'Let it live without a login',
  'load-binfmt': 'Register the emulators',
  prune: 'Remove dangling images and build caches',
  'find-engine': 'Find the engine by itself',
};

/** What a fix is called on a button, and how it is done: with a command where one does it. */
export function remedyFor(fix: FixId, command: string | undefined, where: Fix['where']): Fix {
  return { label: labels[fix], ...(command === undefined ? {} : { command }), where, fix };
}

/** How a fix is done on a node, from what the node has; undefined where it cannot be done, or not by this user. */
export function planFix(fix: NodeFix, facts: NodeFacts): FixPlan | undefined {
  switch (fix) {
    case 'enable-socket':
      return withSystemd('enable --now podman.socket', facts);
    case 'start-service':
      return withSystemd('restart podman.socket podman.service', facts);
    case 'enable-linger':
      return facts.uid !== 0 && facts.hasSystemd && facts.commands.has('loginctl')
        ? { command: 'loginctl enable-linger', program: 'loginctl enable-linger' }
        : undefined;
    case 'load-binfmt':
      return facts.uid === 0 ? loadBinfmt(facts) : undefined;
  }
}

/**
 * As root with the machine's systemd, as anybody else with their own, whose place a command without a login has to be told.
 * Where none runs for the user since nobody is signed in in a way that starts it, lingering does.
 */
function withSystemd(verb: string, facts: NodeFacts): FixPlan | undefined {
  const { uid, units, hasSystemd, hasUserManager, commands } = facts;
  if (!hasSystemd || !commands.has('systemctl') || !units.has(uid === 0 ? 'system' : 'user')) {
    return undefined;
  }
  if (uid === 0) {
    return { command: `systemctl ${verb}`, program: `systemctl ${verb}` };
  }
  const command = `systemctl --user ${verb}`;
  return {
    command: hasUserManager ? command : `loginctl enable-linger && ${command}`,
    program: `export XDG_RUNTIME_DIR=/run/user/${uid}; manager=$XDG_RUNTIME_DIR/systemd/private
      [ -S $manager ] || loginctl enable-linger || exit
      tries=0; until [ -S $manager ] || [ $tries -eq 20 ]; do sleep 1; tries=$((tries + 1)); done
      ${command}`,
  };
}

const miscFolder = '/proc/sys/fs/binfmt_misc';

function loadBinfmt(facts: NodeFacts): FixPlan | undefined {
  const { disabled } = readHandlers(facts.handlers);
  const register = registration(facts);
  if (disabled.length === 0 && register === undefined) {
    return undefined;
  }
  const switchOn = `for file in ${miscFolder}/*; do
      [ "\${file##*/}" = register ] || { grep -qs '^disabled' "$file" && echo 1 >"$file"; }; done`;
  const mount = `[ -e ${miscFolder}/register ] || mount -t binfmt_misc none ${miscFolder} || exit`;
  return {
    command: disabled.length > 0 ? `for file in ${miscFolder}/[!r]*; do echo 1 >"$file"; done` : (register ?? ''),
    program: `${wholePath}; ${mount}; ${disabled.length > 0 ? switchOn : register}
      loaded=$(cd ${miscFolder} && grep -ls '^enabled' ./* | grep -v -e /status); echo $loaded; [ -n "$loaded" ]`,
  };
}

/** Registers what is installed, by whoever does that on the node at its start. */
function registration({ hasSystemd, hasBinfmtLines, commands }: NodeFacts): string | undefined {
  if (hasBinfmtLines) {
    // https://www.freedesktop.org/software/systemd/man/binfmt.d.html: lines as the kernel takes them
    return hasSystemd
      ? 'systemctl restart systemd-binfmt'
      : `cat /usr/lib/binfmt.d/qemu*.conf /etc/binfmt.d/qemu*.conf 2>/dev/null | grep ^: | while read -r line; do printf %s "$line" >${miscFolder}/register; done`;
  }
  return commands.has('update-binfmts') ? 'update-binfmts --enable' : undefined;
}
