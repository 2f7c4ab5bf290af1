import type { Fix, FixId } from '../../../shared/check.ts';
import { readHandlers } from '../../engines/binfmt.ts';
import { extendPath, type NodeFacts } from './node-facts.ts';

/** A fix that is a command on the node. */
export type NodeFixId = Exclude<FixId, 'prune' | 'find-engine'>;

export interface FixCommand {
  /** The command as a person would type it. */
  readonly command: string;
  /** The same as a POSIX shell program that needs no login environment. */
  readonly program: string;
}

const labels: Readonly<Record<FixId, string>> = {
  'enable-socket': 'Enable the socket',
  'start-service': 'Start the service',
  'enable-linger': 'Keep the engine running after logout',
  'load-binfmt': 'Register emulators',
  prune: 'Remove dangling images and build cache',
  'find-engine': 'Detect the engine automatically',
};

/** A fix as it is offered: its label, and its command if it has one. */
export function makeFix(fix: FixId, command: string | undefined, where: Fix['where']): Fix {
  return { label: labels[fix], ...(command === undefined ? {} : { command }), where, fix };
}

/** The command of a fix on a node. Undefined if the node lacks what the fix needs, or this user is not allowed to apply it. */
export function fixCommandFor(fix: NodeFixId, facts: NodeFacts): FixCommand | undefined {
  switch (fix) {
    case 'enable-socket':
      return systemctlCommand('enable --now podman.socket', facts);
    case 'start-service':
      return systemctlCommand('restart podman.socket podman.service', facts);
    case 'enable-linger':
      return facts.uid !== 0 && facts.hasSystemd && facts.commands.has('loginctl')
        ? { command: 'loginctl enable-linger', program: 'loginctl enable-linger' }
        : undefined;
    case 'load-binfmt':
      return facts.uid === 0 ? binfmtCommand(facts) : undefined;
  }
}

/**
 * A systemctl command, for the system manager as root, for the user manager otherwise. Without a login session,
 * `systemctl --user` needs XDG_RUNTIME_DIR to reach the user manager. If no user manager runs, enabling lingering
 * starts one.
 */
function systemctlCommand(verb: string, facts: NodeFacts): FixCommand | undefined {
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

const binfmtFolder = '/proc/sys/fs/binfmt_misc';

/** Enables the emulators that are registered but disabled. If there are none, registers the installed ones. */
function binfmtCommand(facts: NodeFacts): FixCommand | undefined {
  const { disabled } = readHandlers(facts.handlers);
  const register = registerCommand(facts);
  if (disabled.length === 0 && register === undefined) {
    return undefined;
  }
  const enable = `for file in ${binfmtFolder}/*; do
      [ "\${file##*/}" = register ] || { grep -qs '^disabled' "$file" && echo 1 >"$file"; }; done`;
  const mount = `[ -e ${binfmtFolder}/register ] || mount -t binfmt_misc none ${binfmtFolder} || exit`;
  return {
    command: disabled.length > 0 ? `for file in ${binfmtFolder}/[!r]*; do echo 1 >"$file"; done` : (register ?? ''),
    program: `${extendPath}; ${mount}; ${disabled.length > 0 ? enable : register}
      loaded=$(cd ${binfmtFolder} && grep -ls '^enabled' ./* | grep -v -e /status); echo $loaded; [ -n "$loaded" ]`,
  };
}

/** Registers the installed emulators with the tool that does so when the node boots. */
function registerCommand({ hasSystemd, hasBinfmtConfig, commands }: NodeFacts): string | undefined {
  if (hasBinfmtConfig) {
    // each line of a binfmt.d file is in the kernel's registration format
    // https://www.freedesktop.org/software/systemd/man/binfmt.d.html
    return hasSystemd
      ? 'systemctl restart systemd-binfmt'
      : `cat /usr/lib/binfmt.d/qemu*.conf /etc/binfmt.d/qemu*.conf 2>/dev/null | grep ^: | while read -r line; do printf %s "$line" >${binfmtFolder}/register; done`;
  }
  return commands.has('update-binfmts') ? 'update-binfmts --enable' : undefined;
}
