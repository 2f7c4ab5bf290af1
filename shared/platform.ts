import { z } from 'zod';

/**
 * `os/arch[/variant]` in normalised form: `arm64`, `aarch64`, `linux/arm64` and `linux/arm64/v8` are all `linux/arm64`.
 * Created only by {@link parsePlatform} and {@link platformOf}.
 */
export type Platform = string & z.$brand<'Platform'>;

export interface PlatformParts {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

interface Architecture {
  /** Its other names, from uname, Debian, Docker's /info and Go. Source: containerd/platforms, dpkg's cputable. */
  readonly names?: string;
  /** From the lowest: a processor of one variant also runs the programs of those before it. */
  readonly variants?: readonly string[];
  /** The variant that is meant if none is given. */
  readonly implied?: string;
  /** The 32-bit architecture whose programs its processors may run, too, and whether they do unless the contrary is known. */
  readonly predecessor?: { readonly platform: string; readonly isUsual: boolean };
}

/**
 * Every architecture that an image can have: the GOARCH values for Linux, as the OCI image specification requires. Variants
 * and predecessors follow the rules of containerd/platforms. 32-bit programs for ARMv8 are those for v7.
 */
const architectures: Readonly<Record<string, Architecture>> = {
  '386': { names: 'i386 i486 i586 i686 x86' },
  amd64: {
    names: 'x86_64 x86-64 x64',
    variants: ['v1', 'v2', 'v3', 'v4'],
    implied: 'v1',
    predecessor: { platform: 'linux/386', isUsual: true },
  },
  arm: { variants: ['v5', 'v6', 'v7'], implied: 'v7' },
  arm64: {
    names: 'aarch64 arm64v8',
    variants: ['v8', 'v9'],
    implied: 'v8',
    // many arm64 processors cannot run 32-bit programs
    predecessor: { platform: 'linux/arm/v7', isUsual: false },
  },
  loong64: { names: 'loongarch64' },
  mips: {},
  mips64: {},
  mips64le: { names: 'mips64el' },
  mipsle: { names: 'mipsel' },
  ppc64: {},
  ppc64le: { names: 'ppc64el' },
  riscv64: {},
  s390x: {},
};

/** Names of an architecture with a variant. */
const variantNames: Readonly<Record<string, string>> = {
  'arm/v7': 'armhf armv7l armv7 arm32v7 armv8l',
  'arm/v6': 'armel armv6l armv6 arm32v6',
  'arm/v5': 'armv5l arm32v5',
};

/** By every name: the architecture, with its variant if the name says it. */
const architectureByName = new Map(
  [
    ...Object.entries(architectures).map(([name, { names }]) => [name, names] as const),
    ...Object.entries(variantNames),
  ].flatMap(([name, names = '']) => [name, ...names.split(' ').filter(Boolean)].map((each) => [each, name] as const)),
);
const knownSystems = new Set(['linux', 'windows', 'freebsd']);

/**
 * Parses `arch`, `os/arch` or `os/arch/variant`. A variant that the architecture cannot have is dropped. Returns undefined if
 * the text is not a platform.
 */
export function parsePlatform(text: string): Platform | undefined {
  const parts = text.trim().toLowerCase().split('/');
  if (parts.length === 1 || !knownSystems.has(parts[0] ?? '')) {
    parts.unshift('linux');
  }
  const [os = '', architecture = '', variant] = parts;
  if (parts.length > 3 || !/^(v?\d+(\.\d+)?)?$/.test(variant ?? '')) {
    return undefined;
  }
  return platformOf({ os, architecture, ...(variant ? { variant } : {}) });
}

/**
 * The platform of parts as engines and image configurations write them, or undefined if they are not a platform. A variant
 * that the architecture cannot have is dropped: podman writes that of a stage for another architecture into the image.
 */
export function platformOf(parts: PlatformParts): Platform | undefined {
  const os = parts.os.toLowerCase();
  const [name = '', variantOfName] = architectureByName.get(parts.architecture.toLowerCase())?.split('/') ?? [];
  const architecture = architectures[name];
  if (!architecture || !knownSystems.has(os)) {
    return undefined;
  }
  const { implied } = architecture;
  const variant = variantOf(name, parts.variant || variantOfName) ?? implied;
  const isWritten = variant !== undefined && (name === 'arm' || variant !== implied);
  return [os, name, ...(isWritten ? [variant] : [])].join('/') as Platform;
}

/**
 * The platforms whose programs a processor of a platform runs: itself, lower variants, and those of the 32-bit predecessor of
 * its architecture.
 * @param runs32Bit whether the processor and its kernel run 32-bit programs; undefined if it is not known.
 */
export function platformsRunBy(platform: Platform, runs32Bit?: boolean): Platform[] {
  const { os, architecture, variant } = platformParts(platform);
  const { variants = [], implied = '', predecessor } = architectures[architecture] ?? {};
  const own = variants.slice(0, variants.indexOf(variant ?? implied) + 1).reverse();
  const lower = own.slice(1).flatMap((each) => platformOf({ os, architecture, variant: each }) ?? []);
  const before =
    os === 'linux' && predecessor && (runs32Bit ?? predecessor.isUsual)
      ? parsePlatform(predecessor.platform)
      : undefined;
  return [platform, ...lower, ...(before ? platformsRunBy(before) : [])];
}

/** Whether programs for a platform run only on newer processors than its architecture implies: `linux/amd64/v3`. */
export function needsNewerProcessor(platform: Platform): boolean {
  const { architecture, variant } = platformParts(platform);
  return variant !== undefined && architecture !== 'arm';
}

/** A variant in its usual spelling. Undefined if the architecture does not have it. */
export function variantOf(architecture: string, text = ''): string | undefined {
  const variant = text.toLowerCase().replace(/^(?=\d)/, 'v');
  return architectures[architecture]?.variants?.includes(variant) ? variant : undefined;
}

/** The parts of a platform. A variant that the architecture implies is left out, except for arm. */
export function platformParts(platform: Platform): PlatformParts {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { os, architecture, ...(variant ? { variant } : {}) };
}

/** The platforms of most base images, as suggestions. */
export const commonPlatforms: readonly string[] =
  'linux/amd64 linux/arm64 linux/arm/v7 linux/arm/v6 linux/386 linux/ppc64le linux/s390x linux/riscv64'.split(' ');

export const platformSchema = z.string().transform((text, context): Platform => {
  const platform = parsePlatform(text);
  if (!platform) {
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a valid platform. Write os/arch or os/arch/variant, as in linux/amd64 or linux/arm/v7.`,
    });
    return z.NEVER;
  }
  return platform;
});
