import { printHandlersCommand } from '../../engines/binfmt.ts';
import type { RunCommand } from '../../engines/transport/engine-socket.ts';

/** What a node has: this decides which fixes are possible on it. */
export interface NodeFacts {
  readonly uid: number;
  readonly user: string;
  /** The ones of {@link commands} that are installed. */
  readonly commands: ReadonlySet<string>;
  /** Whether systemd is the init system. The systemctl command may be installed without it. */
  readonly hasSystemd: boolean;
  /** Whether a systemd user manager runs for this user. */
  readonly hasUserManager: boolean;
  readonly isLingerEnabled: boolean;
  /** Which units of podman's socket are installed: `user`, `system`. */
  readonly units: ReadonlySet<string>;
  /** Processors, by qemu's names, whose user-mode emulators are installed. */
  readonly emulators: readonly string[];
  /** Whether there are binfmt.d files, which systemd-binfmt reads, that register emulators. */
  readonly hasBinfmtConfig: boolean;
  /** The kernel's binfmt handlers, in the format of `printHandlersCommand`. */
  readonly handlers: string;
}

const commands = [
  'podman',
  'docker',
  'systemctl',
  'loginctl',
  'update-binfmts',
  'rpm-ostree',
  'dnf',
  'apt-get',
  'apk',
  'zypper',
  'pacman',
] as const;

/** Long, because an emulated machine takes seconds to start a handful of small programs. */
const factsTimeoutMs = 30_000;

/** Adds root's program folders, which a user's PATH may lack. */
export const extendPath = 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin';

/** Prints what {@link parseNodeFacts} reads. If the node runs another command instead, the last line is missing. */
export const factsCommand = `${extendPath}; id=$(id -u); name=$(id -un); echo "uid $id"; echo "user $name"
  for command in ${commands.join(' ')}; do command -v $command >/dev/null && echo "command $command"; done
  [ -d /run/systemd/system ] && echo systemd
  [ -S /run/user/$id/systemd/private ] && echo manager
  [ -e "/var/lib/systemd/linger/$name" ] && echo linger
  for whose in user system; do for folder in /etc/systemd /usr/lib/systemd /lib/systemd
  do [ -e $folder/$whose/podman.socket ] && echo "unit $whose"; done; done
  for file in /usr/bin/qemu-*-static /usr/bin/qemu-[!s]* /usr/bin/qemu-s390x /usr/bin/qemu-sparc* /usr/libexec/qemu-binfmt/*
  do [ -x "$file" ] && echo "emulator \${file##*/}"; done
  cat /etc/binfmt.d/qemu*.conf /run/binfmt.d/qemu*.conf /usr/lib/binfmt.d/qemu*.conf 2>/dev/null | grep -q ^: && echo binfmt-config
  (${printHandlersCommand})
  echo end`;

/** Reads the facts of a node. Undefined if the node runs no commands, or runs another command instead. */
export async function readNodeFacts(run: RunCommand, signal?: AbortSignal): Promise<NodeFacts | undefined> {
  let printed: string;
  try {
    // on a node that allows few sessions, run() may wait for a free one: the signal limits that wait too
    const timeout = AbortSignal.timeout(factsTimeoutMs);
    const options = { timeoutMs: factsTimeoutMs, signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
    printed = (await run(factsCommand, options)).stdout;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
  return parseNodeFacts(printed);
}

export function parseNodeFacts(printed: string): NodeFacts | undefined {
  const lines = printed.trimEnd().split('\n');
  const uid = Number(valuesOf(lines, 'uid')[0]);
  const [user] = valuesOf(lines, 'user');
  if (lines.at(-1) !== 'end' || !Number.isInteger(uid) || user === undefined) {
    return undefined;
  }
  return {
    uid,
    user,
    commands: new Set(valuesOf(lines, 'command')),
    hasSystemd: lines.includes('systemd'),
    hasUserManager: lines.includes('manager'),
    isLingerEnabled: lines.includes('linger'),
    units: new Set(valuesOf(lines, 'unit')),
    emulators: [
      ...new Set(
        valuesOf(lines, 'emulator')
          .map(processorOf)
          .filter((name) => name !== undefined),
      ),
    ],
    hasBinfmtConfig: lines.includes('binfmt-config'),
    handlers: lines.filter((line) => line.startsWith('./')).join('\n'),
  };
}

function valuesOf(lines: readonly string[], key: string): string[] {
  return lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
}

/** `qemu-aarch64-static` and Debian's `aarch64-binfmt-P` emulate aarch64; `qemu-img` emulates nothing. */
function processorOf(file: string): string | undefined {
  const name = /^qemu-(.+?)(?:-static)?$/.exec(file)?.[1] ?? /^(.+)-binfmt-P$/.exec(file)?.[1];
  return name !== undefined && Object.hasOwn(platformByProcessor, name) ? name : undefined;
}

/** Platforms by qemu's name of the processor. Only the platforms that Barnraiser builds for. */
export const platformByProcessor: Readonly<Record<string, string>> = {
  x86_64: 'linux/amd64',
  i386: 'linux/386',
  aarch64: 'linux/arm64',
  arm: 'linux/arm/v7',
  riscv64: 'linux/riscv64',
  s390x: 'linux/s390x',
  ppc64le: 'linux/ppc64le',
  mips64el: 'linux/mips64le',
  loongarch64: 'linux/loong64',
};
