/** Routes of the page that notifications and front ends open, as the page has them in `location.hash`. */

export function buildRoute(id: string): string {
  return `#/build/${encodeURIComponent(id)}`;
}

/** A build with the sheet that builds it again, with newer base images. */
export function rebuildRoute(id: string): string {
  return `${buildRoute(id)}?sheet=new-build&from=${encodeURIComponent(id)}&apply=pull-newer`;
}

export function imageRoute(reference: string): string {
  return `#/images/${encodeURIComponent(reference)}`;
}

/** The details of a connection, or all connections. */
export function connectionRoute(name?: string): string {
  return name === undefined ? '#/connections' : `#/connections/${encodeURIComponent(name)}`;
}

export function farmRoute(name: string): string {
  return `#/farm/${encodeURIComponent(name)}`;
}
export const schedulesRoute = '#/schedules';
export const buildsRoute = '#/builds';
