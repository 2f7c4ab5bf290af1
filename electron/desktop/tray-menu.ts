import type { MenuItemConstructorOptions } from 'electron';
import { type Build, isEnd } from '../../shared/build.ts';
import { formatCount } from '../../shared/format.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { buildRoute } from '../../shared/routes.ts';

export interface TrayState {
  readonly running: readonly Build[];
  readonly nodes: readonly NodeStatus[];
  /** The newest build that has ended. */
  readonly last?: Pick<Build, 'id' | 'reference'> | undefined;
}

export interface TrayActions {
  show(route?: string): void;
  buildAgain(id: string): void;
  quit(): void;
}

/** A menu has no more builds and no more nodes than this. */
const maxItems = 10;

const separator: MenuItemConstructorOptions = { type: 'separator' };

/** The menu of the icon in the notification area or menu bar: running builds, the nodes, and the last build again. */
export function trayMenu({ running, nodes, last }: TrayState, actions: TrayActions): MenuItemConstructorOptions[] {
  const builds = running.slice(0, maxItems).map(
    (build): MenuItemConstructorOptions => ({
      id: build.id,
      label: `${build.reference}: ${progressText(build)}`,
      click: () => actions.show(buildRoute(build.id)),
    }),
  );
  const shown = nodes.slice(0, maxItems).map(
    (node): MenuItemConstructorOptions => ({
      label: node.state === 'up' ? `● ${node.connection}` : `○ ${node.connection} (not reachable)`,
      click: () => actions.show(`#/connections/${encodeURIComponent(node.connection)}`),
    }),
  );
  const more = nodes.length - shown.length;
  return [
    { label: 'Open Barnraiser', click: () => actions.show() },
    separator,
    ...(builds.length > 0 ? builds : [{ label: 'No builds are running', enabled: false }]),
    ...(last === undefined
      ? []
      : [{ label: `Build ${last.reference} again`, id: 'build-again', click: () => actions.buildAgain(last.id) }]),
    separator,
    ...shown,
    ...(more > 0 ? [{ label: formatCount(more, 'more node'), click: () => actions.show('#/connections') }] : []),
    ...(nodes.length > 0 ? [separator] : []),
    { label: 'Quit Barnraiser', click: () => actions.quit() },
  ];
}

/** What the icon says when the pointer is on it. */
export function trayToolTip({ running }: Pick<TrayState, 'running'>): string {
  return running.length === 0 ? 'Barnraiser' : `Barnraiser: ${formatCount(running.length, 'build')} running`;
}

function progressText({ jobs }: Build): string {
  const ended = jobs.filter(({ status }) => isEnd(status)).length;
  return `${ended} of ${formatCount(jobs.length, 'platform')} done`;
}
