/** Links that other programs open the app with: `barnraiser://build/<id>`. */
import { buildRoute } from '../../shared/routes.ts';

export const linkScheme = 'barnraiser';

/** Ids of builds are a time and random letters. */
const buildLink = /^barnraiser:\/\/build\/([A-Za-z0-9][A-Za-z0-9_-]{0,99})\/?$/;

/**
 * The route that a link opens. Any web page and any program can open a link, so it can open a view, and do nothing else.
 * @returns undefined for anything else
 */
export function routeOfLink(link: string): string | undefined {
  const [, id] = buildLink.exec(link) ?? [];
  return id === undefined ? undefined : buildRoute(id);
}

/** Whether an argument is a link, valid or not, and so no path. */
export function isLink(argument: string): boolean {
  return argument.toLowerCase().startsWith(`${linkScheme}:`);
}
