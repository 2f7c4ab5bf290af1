import type { Node } from '../../shared/node.ts';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { abortable } from '../system/abortable.ts';
import { printHandlersCommand } from './binfmt.ts';
import { commandOutput, printLoadCommand } from './machine-facts.ts';
import { printIdentityCommand } from './machine-identity.ts';
import type { Transport } from './transport/transport.ts';

/**
 * Prints what {@link readProcessor} reads: the features of the processor; what `setarch` makes of the machine, which is
 * `armv8l` only where an arm64 kernel can run 32-bit programs; and whether an amd64 kernel cannot.
 */
export const printProcessorCommand = [
  "grep -m 1 -E '^(flags|Features)[[:space:]]*:' /proc/cpuinfo 2>/dev/null",
  'setarch linux32 uname -m 2>/dev/null',
  '[ -d /proc/sys/abi ] && [ ! -e /proc/sys/abi/vsyscall32 ] && echo no-ia32',
].join('; ');

// cspell:disable
/**
 * The features that each variant adds, by the kernel's names, from the lowest. Sources: the x86-64 psABI; ARMv8.5-A and SVE2,
 * which every ARMv9 processor has.
 */
const features: Readonly<Record<string, readonly (readonly [variant: string, features: string])[]>> = {
  amd64: [
    ['v2', 'cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3'],
    ['v3', 'abm avx avx2 bmi1 bmi2 f16c fma movbe xsave'],
    ['v4', 'avx512bw avx512cd avx512dq avx512f avx512vl'],
  ],
  arm64: [['v9', 'asimdrdm atomics dcpodp fcma flagm2 frint ilrcpc jscvt lrcpc sb sve2 uscat']],
};
// cspell:enable

/**
 * What the processor of an engine with this platform can do, from the output of {@link printProcessorCommand}. What it does not
 * say stays unknown.
 */
export function readProcessor(printed: string, platform: Platform): NonNullable<Node['processor']> {
  const { os, architecture } = platformParts(platform);
  const lines = printed.split('\n').map((line) => line.trim());
  const [, list] = lines.map((line) => /^(?:flags|Features)\s*:(.*)$/.exec(line)).find((match) => match !== null) ?? [];
  if (os !== 'linux' || list === undefined) {
    return {};
  }
  const present = new Set(list.split(/\s+/));
  const levels = features[architecture] ?? [];
  const firstMissing = levels.findIndex(([, needed]) => needed.split(' ').some((feature) => !present.has(feature)));
  const variant = levels.slice(0, firstMissing < 0 ? levels.length : firstMissing).at(-1)?.[0];
  return {
    ...(levels.length === 0 ? {} : { variant: variant ?? (architecture === 'amd64' ? 'v1' : 'v8') }),
    ...(architecture === 'arm64' && lines.includes('armv8l') ? { runs32Bit: true } : {}),
    ...(architecture === 'amd64' && lines.includes('no-ia32') ? { runs32Bit: false } : {}),
  };
}

const begun = new WeakMap<Transport, Promise<string>>();

/** Begins what {@link printPlatforms} does, while the engine is not known yet. It saves round trips of the first probe. */
export function beginPrintingPlatforms(transport: Transport): void {
  begun.set(transport, print(transport));
}

/** The output of the commands that tell what a node's machine runs and emulates, its load, and which it is, in one SSH session. */
export function printPlatforms(transport: Transport, signal?: AbortSignal): Promise<string> {
  const first = begun.get(transport);
  begun.delete(transport);
  return first ? (signal ? abortable(signal, first) : first) : print(transport, signal);
}

function print(transport: Transport, signal?: AbortSignal): Promise<string> {
  return commandOutput(
    transport,
    `(${printHandlersCommand}); ${printProcessorCommand}; ${printLoadCommand}; ${printIdentityCommand}`,
    signal,
  );
}
