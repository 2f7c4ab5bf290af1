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

/**
 * Other names of architectures, from uname, Debian, Docker's /info and Go. Source: containerd/platforms, dpkg's
 * cputable.
 */
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

/** The variant that an architecture has if none is given. */
const impliedVariants: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };

/** Every architecture that an image can have: the GOARCH values for Linux, as the OCI image specification requires. */
const knownArchitectures = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x'.split(' '),
);
const knownSystems = new Set(['linux', 'windows', 'freebsd']);

/** Parses `arch`, `os/arch` or `os/arch/variant`. Returns undefined if the text is not a platform. */
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

/** The platform of parts as engines and image configurations write them, or undefined if they are not a platform. */
export function platformOf(parts: PlatformParts): Platform | undefined {
  const os = parts.os.toLowerCase();
  const name = parts.architecture.toLowerCase();
  const [architecture = '', variantOfName] = (architectureNames[name] ?? name).split('/');
  let variant = (parts.variant ?? '').toLowerCase() || variantOfName || '';
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

/** The parts of a platform. A variant that the architecture implies is left out, except for arm. */
export function platformParts(platform: Platform): PlatformParts {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { os, architecture, ...(variant ? { variant } : {}) };
}

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
