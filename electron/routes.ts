import type { App } from './app.ts';

/** The new-build sheet for a folder, on the default farm. */
export async function newBuildRoute(app: Pick<App, 'call'>, context: string): Promise<string> {
  const farms = await app.call('farms.list', {});
  const farm = farms.ok ? (farms.value.default ?? farms.value.farms[0]?.name) : undefined;
  const query = new URLSearchParams({ sheet: 'new-build', ...(farm === undefined ? {} : { farm }), context });
  return `#/${farm === undefined ? 'builds' : `farm/${encodeURIComponent(farm)}`}?${query}`;
}
