import { printHandlers } from '../../engines/binfmt.ts';
import type { Run } from '../../engines/transport/socket.ts';

/** What a node has with which a fault could be mended. */
export interface NodeFacts {
  readonly uid: number;
  readonly user: string;
  /** The commands of {@link commands} that are there. */
  readonly commands: ReadonlySet<string>;
  /** Does systemd run the machine? Its command may be there without it. */
  readonly hasSystemd: boolean;
  /** Does a systemd of the user's own run? */
  readonly hasUserManager: boolean;
  readonly lingers: boolean;
  /** Whose units of podman's socket are there. */
  readonly units: ReadonlySet<string>;
  /** Processors, as qemu calls them, for which its emulator for programs is installed. */
  readonly emulators: readonly string[];
  /** Are there lines that register emulators, as systemd-binfmt reads them? */
  readonly hasBinfmtLines: boolean;
  /** What the kernel's handlers are, as `printHandlers` prints them. */
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

/** Emulated machines take seconds for a handful of small programs. */
const lookMs = 30_000;

/** A user's path leaves out what root's has. */
export const wholePath = 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin';

/** Prints what {@link readFacts} reads. Where something else is run in its place, the last line is missing. */
export const lookCommand = `${wholePath}; id=$(id -u); name=$(id -un); echo "uid $id"; echo "user $name"
  for command in ${commands.join(' ')}; do command -v $command >/dev/null && echo "command $command"; done
  [ -d /run/systemd/system ] && echo systemd
  [ -S /run/user/$id/systemd/private ] && echo manager
  [ -e "/var/lib/systemd/linger/$name" ] && echo linger
  for whose in user system; do for folder in /etc/systemd /usr/lib/systemd /lib/systemd
  do [ -e $folder/$whose/podman.socket ] && echo "unit $whose"; done; done
  for file in /usr/bin/qemu-*-static /usr/bin/qemu-[!s]* /usr/bin/qemu-s390x /usr/bin/qemu-sparc* /usr/libexec/qemu-binfmt/*
  do [ -x "$file" ] && echo "emulator \${file##*/}"; done
  cat /etc/binfmt.d/qemu*.conf /run/binfmt.d/qemu*.conf /usr/lib/binfmt.d/qemu*.conf 2>/dev/null | grep -q ^: && echo lines
  (${printHandlers})
  echo looked`;

/** Looks around on a node. Undefined where it runs something else than what it is told, or nothing. */
export async function lookAround(run: Run, signal?: AbortSignal): Promise<NodeFacts | undefined> {
  let printed: string;
  try {
    // the signal counts the wait for room on the line too, of which a node with few sessions may have none
    const patience = AbortSignal.timeout(lookMs);
    const options = { timeoutMs: lookMs, signal: signal ? AbortSignal.any([signal, patience]) : patience };
    printed = (await run(lookCommand, options)).stdout;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
  return readFacts(printed);
}

export function readFacts(printed: string): NodeFacts | undefined {
  const lines = printed.trimEnd().split('\n');
  const uid = Number(valuesOf(lines, 'uid')[0]);
  const [user] = valuesOf(lines, 'user');
  if (lines.at(-1) !== 'looked' || !Number.isInteger(uid) || user === undefined) {
    return undefined;
  }
  return {
    uid,
    user,
    commands: new Set(valuesOf(lines, 'command')),
    hasSystemd: lines.includes('systemd'),
    hasUserManager: lines.includes('manager'),
    lingers: lines.includes('linger'),
    units: new Set(valuesOf(lines, 'unit')),
    emulators: [
      ...new Set(
        valuesOf(lines, 'emulator')
          .map(processorOf)
          .filter((name) => name !== undefined),
      ),
    ],
    hasBinfmtLines: lines.includes('lines'),
    handlers: lines.filter((line) => line.startsWith('./')).join('\n'),
  };
}

function valuesOf(lines: readonly string[], key: string): string[] {
  return lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
}

/** `qemu-aarch64-static` and Debian's `aarch64-binfmt-P` are emulators for aarch64; `qemu-img` is none. */
function processorOf(file: string): string | undefined {
  const name = /^qemu-(.+?)(?:-static)?$/.exec(file)?.[1] ?? /^(.+)-binfmt-P$/.exec(file)?.[1];
  return name !== undefined && Object.hasOwn(platformOfProcessor, name) ? name : undefined;
}

/** What qemu's emulators for programs are for, of what Barnraiser builds. */
export const platformOfProcessor: Readonly<Record<string, string>> = {
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
