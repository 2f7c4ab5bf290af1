import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';

/** Where packages are found: the databases of package managers, and what programs say of themselves. */
export const packageKinds = ['deb', 'apk', 'rpm', 'npm', 'pypi', 'golang'] as const;
export type PackageKind = (typeof packageKinds)[number];

export const packageSchema = z.object({
  kind: z.enum(packageKinds),
  /** With its scope (npm), or the path of the module (Go). */
  name: z.string().min(1),
  /** As its package manager compares it: with epoch and revision. Go modules of a local tree have none. */
  version: z.string().optional(),
  architecture: z.string().optional(),
  /** As the package writes it, which need not be an SPDX expression. */
  licence: z.string().optional(),
  /** The source package, if it has another name or version. */
  source: z.object({ name: z.string(), version: z.string().optional() }).optional(),
  /** Who maintains it. */
  supplier: z.string().optional(),
  homepage: z.string().optional(),
});
export type Package = Readonly<z.infer<typeof packageSchema>>;

/** A package of an image, and the file that names it. */
export const imagePackageSchema = packageSchema.extend({ path: z.string() });
export type ImagePackage = Readonly<z.infer<typeof imagePackageSchema>>;

/** The packages of the image of one platform, sorted by kind, name and version. */
export const imagePackagesSchema = z.object({
  /** The digest of the manifest. */
  digest: digestSchema,
  platform: platformSchema,
  /** `PRETTY_NAME` of os-release. */
  system: z.string().optional(),
  packages: z.array(imagePackageSchema),
  /** What could not be read, so that packages may be missing. */
  problems: z.array(z.object({ path: z.string(), text: z.string() })),
});
export type ImagePackages = Readonly<z.infer<typeof imagePackagesSchema>>;

/** How people call the kinds. */
export const packageKindNames: Readonly<Record<PackageKind, string>> = {
  deb: 'Debian',
  apk: 'Alpine',
  rpm: 'RPM',
  npm: 'npm',
  pypi: 'Python',
  golang: 'Go',
};
