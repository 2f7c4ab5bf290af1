/** Where images are that a build did not have to make. */
export const imageLocations = ['storage', 'registry'] as const;
export type FoundIn = (typeof imageLocations)[number];

export const foundInTexts: Readonly<Record<FoundIn, string>> = {
  storage: 'found in local storage',
  registry: 'found in the registry',
};
