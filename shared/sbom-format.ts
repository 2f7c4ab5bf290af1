export const sbomFormats = ['spdx-json', 'cyclonedx-json'] as const;
export type SbomFormat = (typeof sbomFormats)[number];

export const sbomFormatNames: Readonly<Record<SbomFormat, string>> = {
  'spdx-json': 'SPDX 2.3',
  'cyclonedx-json': 'CycloneDX 1.6',
};
