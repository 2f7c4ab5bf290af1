import { z } from 'zod';

/**
 * `os/arch[/variant]`, always in its normalised form: `arm64`, `aarch64`, `linux/arm64` and `linux/arm64/v8` are all
 * `linux/arm64`. Make one with {@link parsePlatform} or {@link platformOf}, never by hand.
 */
export type Platform = string & z.$brand<'Platform'>;

export interface PlatformParts {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Other names of architectures: uname's, Debian's, Docker's /info, Go's. Source: containerd/platforms, dpkg's cputable. */
const architectureNames: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  x64: 'amd64',
  i386: '386',
  i486: '386',
  i586: '386',
  i686: '386',
  x86: '386',
  aarch64: 'arm64',
  arm64v8: 'arm64',
  armhf: 'arm/v7',
  armv7l: 'arm/v7',
  armv7: 'arm/v7',
  arm32v7: 'arm/v7',
  armel: 'arm/v6',
  armv6l: 'arm/v6',
  armv6: 'arm/v6',
  arm32v6: 'arm/v6',
  armv5l: 'arm/v5',
  arm32v5: 'arm/v5',
  armv8l: 'arm/v8',
  ppc64el: 'ppc64le',
  mipsel: 'mipsle',
  mips64el: 'mips64le',
  loongarch64: 'loong64',
};

/** A variant that says nothing beyond the architecture itself, and the one that an architecture means when it has none. */
const impliedVariants: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/** Every architecture an image can be built for: Go's GOARCH for Linux, as the OCI image specification asks. */
const knownArchitectures = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x'.split(' '),
);
const knownSystems = new Set(['linux', 'windows', 'freebsd']);

/** The normalised platform that a text names, or undefined where it names none. Accepts `arch`, `os/arch`, `os/arch/variant`. */
export function parsePlatform(text: string): Platform | undefined {
  const parts = text.trim().toLowerCase().split('/');
  if (parts.length === 1 || !knownSystems.has(parts[0] ?? '')) {
    parts.unshift('linux');
  }
  const [os = '', architecture = '', variant] = parts;
  if (parts.length > 3) {
    return undefined;
  }
  return platformOf({ os, architecture, ...(variant ? { variant } : {}) });
}

/** The normalised platform of parts as engines and image configurations give them, or undefined where they make none. */
export function platformOf(parts: PlatformParts): Platform | undefined {
  const os = parts.os.toLowerCase();
  const named = parts.architecture.toLowerCase();
  const [architecture = '', namedVariant] = (architectureNames[named] ?? named).split('/');
  let variant = (parts.variant ?? '').toLowerCase() || namedVariant || '';
  if (/^\d+$/.test(variant)) {
    variant = `v${variant}`;
  }
  if (!knownSystems.has(os) || !knownArchitectures.has(architecture) || !/^(v\d+(\.\d+)?)?$/.test(variant)) {
    return undefined;
  }
  const implied = impliedVariants[architecture];
  if (architecture === 'arm') {
    variant ||= implied ?? '';
  } else if (variant === implied) {
    variant = '';
  }
  return [os, architecture, ...(variant ? [variant] : [])].join('/') as Platform;
}

/** The parts of a platform, without a variant that the architecture implies. */
export function platformParts(platform: Platform): PlatformParts {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { os, architecture, ...(variant ? { variant } : {}) };
}

export const platformSchema = z.string().transform((text, context): Platform => {
  const platform = parsePlatform(text);
  if (!platform) {
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a platform. Write os/arch or os/arch/variant, as in linux/amd64 or linux/arm/v7.`,
    });
    return z.NEVER;
  }
  return platform;
});
