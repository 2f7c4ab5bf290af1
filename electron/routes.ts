import type { App } from './app.ts';

/** Places of the page that the desktop leads to, as `location.hash` names them there. */
export function buildPlace(id: string): string {
  return `#/build/${encodeURIComponent(id)}`;
}

export function imagePlace(reference: string): string {
  return `#/images/${encodeURIComponent(reference)}`;
}

/** A new build of a folder, over the farm that builds by default. */
export async function newBuildPlace(app: Pick<App, 'call'>, context: string): Promise<string> {
  const farms = await app.call('farms.list', {});
  const farm = farms.ok ? (farms.value.default ?? farms.value.farms[0]?.name) : undefined;
  const query = new URLSearchParams({ sheet: 'new-build', ...(farm === undefined ? {} : { farm }), context });
  return `#/${farm === undefined ? 'builds' : `farm/${encodeURIComponent(farm)}`}?${query}`;
}
