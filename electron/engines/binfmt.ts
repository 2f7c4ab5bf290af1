import type { UnusableEmulator } from '../../shared/emulation.ts';
import type { Node } from '../../shared/node.ts';
import { type Platform, parsePlatform, platformParts } from '../../shared/platform.ts';
import { modesOf } from '../../shared/schedule.ts';
import { type ElfIdentity, elfHeader, elfIdentities } from '../system/elf.ts';

/**
 * Prints the kernel's binfmt_misc handlers as `./NAME:LINE`. The file `register` cannot be read, so grep always exits with 2.
 * A machine without binfmt_misc prints nothing.
 */
export const printHandlersCommand = `cd /proc/sys/fs/binfmt_misc 2>/dev/null && grep -sH '' ./*`;

interface Handler {
  readonly name: string;
  readonly isEnabled: boolean;
  /** Flag F, "fix binary": the kernel opens the interpreter when the handler is registered, not when a program starts. */
  readonly hasFlagF: boolean;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer;
}

/** The platforms that emulators are looked for. All arm variants have the same header. */
const candidates = 'amd64 386 arm64 arm/v7 arm/v6 riscv64 s390x ppc64le mips64le loong64'
  .split(' ')
  .map((name) => `linux/${name}`);

/** The platforms that a kernel's binfmt_misc handlers cover. */
export interface Handlers {
  /** Containers can run them: an enabled handler has flag F. */
  readonly platforms: readonly Platform[];
  /** Only the machine itself can run them: no enabled handler has flag F. */
  readonly withoutF: readonly Platform[];
  /** Their handler, or binfmt_misc as a whole, is disabled. */
  readonly disabled: readonly Platform[];
}

/**
 * The platforms that a kernel can emulate in containers, from the output of {@link printHandlersCommand}. A handler counts
 * only if it is enabled and has flag F: without F, the kernel looks for the interpreter inside the container.
 * Format: https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export function emulatedPlatforms(printed: string): Platform[] {
  return [...readHandlers(printed).platforms];
}

/** Like {@link emulatedPlatforms}, but also returns the platforms whose handlers containers cannot use. */
export function readHandlers(printed: string): Handlers {
  const { isBinfmtEnabled, handlers } = parseHandlers(printed);
  const coveredBy = (some: readonly Handler[]) =>
    candidates
      .flatMap((name) => parsePlatform(name) ?? [])
      .filter((platform) => {
        const elf = elfIdentities[platformParts(platform).architecture];
        return elf && some.some((handler) => canRun(handler, elf));
      });
  const enabled = isBinfmtEnabled ? handlers.filter(({ isEnabled }) => isEnabled) : [];
  const usable = coveredBy(enabled.filter(({ hasFlagF }) => hasFlagF));
  const withoutF = coveredBy(enabled).filter((platform) => !usable.includes(platform));
  const disabled = coveredBy(handlers).filter((platform) => !usable.includes(platform) && !withoutF.includes(platform));
  return { platforms: usable, withoutF, disabled };
}

/** A name of a handler that commands can have as it is. Other names are not passed on. */
const plainName = /^[\w.+-]{1,64}$/;

/**
 * The emulators that containers cannot use, for platforms that a node does not build: at most one for each platform.
 * @param printed the output of {@link printHandlersCommand}
 */
export function unusableEmulators(
  printed: string,
  node: Pick<Node, 'platform' | 'processor' | 'emulated'>,
): Pick<Node, 'unusableEmulators'> {
  const { isBinfmtEnabled, handlers } = parseHandlers(printed);
  // 32-bit programs of arm64 count as native here: a missing emulator for them is none that anyone misses
  const modes = modesOf({ ...node, processor: { ...node.processor, runs32Bit: true } });
  const unusable = candidates.flatMap((name): UnusableEmulator[] => {
    const platform = parsePlatform(name);
    const elf = platform && elfIdentities[platformParts(platform).architecture];
    const covering = elf ? handlers.filter((handler) => plainName.test(handler.name) && canRun(handler, elf)) : [];
    // one that is enabled is chosen first
    const handler = covering.find(({ isEnabled }) => isEnabled) ?? covering[0];
    if (!platform || !handler || modes.has(platform)) {
      return [];
    }
    const isEnabled = isBinfmtEnabled && handler.isEnabled;
    if (handler.hasFlagF && isEnabled) {
      return []; // usable, although the engine does not say so
    }
    const reason = !handler.hasFlagF ? 'no-flag-f' : !isBinfmtEnabled ? 'off' : 'disabled';
    return [{ platform, handler: handler.name, reason }];
  });
  return unusable.length === 0 ? {} : { unusableEmulators: unusable };
}

function parseHandlers(printed: string): { readonly isBinfmtEnabled: boolean; readonly handlers: readonly Handler[] } {
  const entries = new Map<string, string[]>();
  for (const line of printed.split('\n')) {
    const match = /^\.\/([^:]+):(.*)$/.exec(line);
    if (match) {
      const [, name = '', text = ''] = match;
      const lines = entries.get(name);
      if (lines) {
        lines.push(text);
      } else {
        entries.set(name, [text]);
      }
    }
  }
  const isBinfmtEnabled = entries.get('status')?.[0] === 'enabled';
  entries.delete('status');
  const handlers = [...entries]
    .map(([name, lines]) => parseHandler(name, lines))
    .filter((handler) => handler !== undefined);
  return { isBinfmtEnabled, handlers };
}

function parseHandler(name: string, lines: readonly string[]): Handler | undefined {
  const value = (key: string) => lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const flags = lines.find((line) => line.startsWith('flags:')) ?? '';
  const magic = Buffer.from(value('magic') ?? '', 'hex');
  if (magic.length === 0) {
    return undefined;
  }
  const printedMask = value('mask');
  // The kernel prints no mask if all bits count.
  const mask = printedMask === undefined ? Buffer.alloc(magic.length, 0xff) : Buffer.from(printedMask, 'hex');
  const hasFlagF = flags.slice('flags:'.length).includes('F');
  return { name, isEnabled: lines[0] === 'enabled', hasFlagF, offset: Number(value('offset') ?? 0), magic, mask };
}

/** Does the handler match both fixed-address and position-independent executables? */
function canRun(handler: Handler, elf: ElfIdentity): boolean {
  return ([2, 3] as const).every((type) => {
    const header = elfHeader(elf, type);
    return handler.magic.every((byte, index) => {
      const mask = handler.mask[index] ?? 0xff;
      return ((header[handler.offset + index] ?? 0) & mask) === (byte & mask);
    });
  });
}
