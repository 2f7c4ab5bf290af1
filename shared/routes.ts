/** Routes of the page that notifications and front ends open, as the page has them in `location.hash`. */

export function buildRoute(id: string): string {
  return `#/build/${encodeURIComponent(id)}`;
}

export function imageRoute(reference: string): string {
  return `#/images/${encodeURIComponent(reference)}`;
}
