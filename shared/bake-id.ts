/** Distinguishes the id of a bake from that of a build. */
export const bakeIdPrefix = 'bake-';

export function isBakeId(id: string): boolean {
  return id.startsWith(bakeIdPrefix);
}
