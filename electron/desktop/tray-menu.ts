import type { MenuItemConstructorOptions } from 'electron';
import { type Build, isCancelling, isEnd } from '../../shared/build.ts';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { formatCount, formatReferenceShort } from '../../shared/format.ts';
import { type NodeState, type NodeStatus, nodeStateOf, nodeStateWords } from '../../shared/node.ts';
import { buildRoute, connectionRoute } from '../../shared/routes.ts';
import { wordOf } from '../../shared/words.ts';
import { buildProgress } from './running-work.ts';

/** An ended build that can be made again. */
export type RecentBuild = Pick<BuildEntry, 'id' | 'reference' | 'project' | 'status'>;

export interface TrayState {
  readonly running: readonly Build[];
  readonly nodes: readonly NodeStatus[];
  /** The builds that ended last, newest first. */
  readonly recent?: readonly RecentBuild[] | undefined;
  /** Whether builds start no further jobs. Undefined where they cannot be paused. */
  readonly isPaused?: boolean | undefined;
}

export interface TrayActions {
  show(route?: string): void;
  buildAgain(id: string): void;
  /** Only called if the state says whether builds are paused. */
  setPaused?(isPaused: boolean): void;
  quit(): void;
}

/** A menu has no more builds and no more nodes than this. */
const maxItems = 10;

/** How many builds the menu offers to make again. */
const maxRecent = 5;

const separator: MenuItemConstructorOptions = { type: 'separator' };

/** The menu of the icon in the notification area or menu bar: running builds, the nodes, and the last builds again. */
export function trayMenu(
  { running, nodes, recent = [], isPaused }: TrayState,
  actions: TrayActions,
): MenuItemConstructorOptions[] {
  const more = running.length - maxItems;
  return [
    { label: 'Open Barnraiser', click: () => actions.show() },
    separator,
    ...(running.length === 0 ? [{ label: 'No builds are running', enabled: false }] : []),
    ...running.slice(0, maxItems).map((build) => buildItem(build, actions)),
    ...(more > 0 ? [{ label: formatCount(more, 'more build'), click: () => actions.show('#/builds') }] : []),
    ...(isPaused === undefined
      ? []
      : [
          {
            id: 'pause',
            label: isPaused ? 'Resume all builds' : 'Pause all builds',
            click: () => actions.setPaused?.(!isPaused),
          },
        ]),
    ...againItems(recent, actions),
    separator,
    ...nodeItems(nodes, actions),
    { label: 'Quit Barnraiser', click: () => actions.quit() },
  ];
}

/** What the icon says when the pointer is on it. */
export function trayToolTip({
  running,
  nodes,
  isPaused = false,
}: Pick<TrayState, 'running' | 'nodes' | 'isPaused'>): string {
  const progress = running.reduce((sum, build) => sum + buildProgress(build), 0) / Math.max(1, running.length);
  const down = nodes.filter((node) => isTrouble(nodeStateOf(node))).length;
  const facts = [
    ...(running.length > 0 ? [`${formatCount(running.length, 'build')} running, ${percent(progress)}`] : []),
    ...(isPaused ? ['builds are paused'] : []),
    ...(down > 0 ? [`${formatCount(down, 'node')} not up`] : []),
  ];
  return facts.length === 0 ? 'Barnraiser' : `Barnraiser: ${facts.join('; ')}`;
}

function buildItem(build: Build, actions: TrayActions): MenuItemConstructorOptions {
  return {
    id: build.id,
    label: `${build.reference}: ${progressText(build)}`,
    click: () => actions.show(buildRoute(build.id)),
  };
}

function progressText(build: Build): string {
  const { jobs } = build;
  if (isCancelling(build)) {
    return wordOf('cancelling');
  }
  const ended = jobs.filter(({ status }) => isEnd(status)).length;
  const failed = jobs.filter(({ status }) => status === 'failed').length;
  const failedText = failed > 0 ? `, ${failed} failed` : '';
  return `${ended - failed} of ${formatCount(jobs.length, 'platform')} done${failedText}, ${percent(buildProgress(build))}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

/** The newest build of each project and reference. The first one is an item of its own, the others are in a submenu. */
function againItems(recent: readonly RecentBuild[], actions: TrayActions): MenuItemConstructorOptions[] {
  const isSame = (one: RecentBuild, other: RecentBuild) =>
    one.project === other.project && one.reference === other.reference;
  const distinct = recent.filter((build, index) => recent.findIndex((other) => isSame(build, other)) === index);
  const [first, ...others] = distinct.slice(0, maxRecent);
  const again = ({ id }: RecentBuild) => ({ click: () => actions.buildAgain(id) });
  return [
    ...(first ? [{ label: `Build ${first.reference} again`, id: 'build-again', ...again(first) }] : []),
    ...(others.length > 0
      ? [
          {
            label: 'Build again',
            submenu: others.map((build) => ({
              label: `${formatReferenceShort(build.reference)}${build.status === 'failed' ? ' (failed)' : ''}`,
              ...again(build),
            })),
          },
        ]
      : []),
  ];
}

/** What is wrong comes first, so that it is not among those that do not fit. */
function nodeItems(nodes: readonly NodeStatus[], actions: TrayActions): MenuItemConstructorOptions[] {
  if (nodes.length === 0) {
    return [];
  }
  const ordered = [...nodes].sort((one, other) => rank(one) - rank(other));
  const up = nodes.filter(({ state }) => state === 'up').length;
  const more = ordered.length - maxItems;
  return [
    { label: `${up} of ${formatCount(nodes.length, 'node')} up`, enabled: false },
    ...ordered.slice(0, maxItems).map((node) => ({
      label: nodeLabel(node),
      click: () => actions.show(connectionRoute(node.connection)),
    })),
    ...(more > 0 ? [{ label: formatCount(more, 'more node'), click: () => actions.show(connectionRoute()) }] : []),
    separator,
  ];
}

function nodeLabel(node: NodeStatus): string {
  const state = nodeStateOf(node);
  return state === 'up' ? `● ${node.connection}` : `○ ${node.connection} (${nodeStateWords[state].toLowerCase()})`;
}

/** A node that has never answered does not count. */
function isTrouble(state: NodeState): boolean {
  return state === 'down' || state === 'lost';
}

function rank(node: NodeStatus): number {
  const state = nodeStateOf(node);
  return isTrouble(state) ? 0 : state === 'up' ? 1 : 2;
}
