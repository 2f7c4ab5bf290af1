/** The views and dialogs of the window in their main states, as the checks of accessibility open them. */
import type { FixtureState } from '../../renderer/testing/fixture-app.ts';
import { sample } from '../../renderer/testing/fixture-data.ts';
import type { QuestionName } from '../../renderer/testing/fixture-questions.ts';

export interface AccessibilityScene {
  /** The name of its file in `spoken/`. */
  readonly name: string;
  /** As for `shoot.ts`. */
  readonly view: string;
  readonly state?: FixtureState;
  readonly do?: readonly string[];
  readonly ask?: QuestionName;
}

/** Those that every run of all tests has. */
export const mainScenes: ReadonlySet<string> = new Set([
  ...[
    'first-start',
    'farm',
    'new-build',
    'build-running',
    'build-failed',
    'build-graph',
    'push',
    'builds',
    'image-layers',
  ],
  ...['connections', 'registries', 'queue', 'schedules', 'settings', 'about', 'question-host-key'],
]);

const image = `#/image/${encodeURIComponent(sample.done().reference)}`;
const palette = (command: string): readonly string[] => ['press:Mod+k', `fill:role=combobox=${command}`, 'press:Enter'];

export const scenes: readonly AccessibilityScene[] = [
  { name: 'first-start', view: 'first-start', state: 'empty' },
  { name: 'farm', view: 'farm' },
  { name: 'farm-failed', view: 'farm', state: 'failed' },
  { name: 'farm-matrix', view: 'farm', do: ['click:text=Matrix'] },
  { name: 'farm-charts', view: 'farm', do: ['click:text=Charts'] },
  { name: 'new-build', view: 'new-build' },
  { name: 'bake-sheet', view: 'bake-sheet' },
  { name: 'package-sheet', view: 'package-sheet' },
  { name: 'build-running', view: 'build' },
  { name: 'build-failed', view: 'build', state: 'failed' },
  { name: 'build-done', view: 'build', state: 'done' },
  { name: 'build-graph', view: 'build', state: 'done', do: ['click:text="Graph"'] },
  { name: 'build-table', view: 'build', state: 'done', do: ['click:text="Table"'] },
  { name: 'bake', view: 'bake' },
  { name: 'log', view: 'log', state: 'done' },
  { name: 'push', view: 'push', state: 'done' },
  { name: 'storage', view: 'storage' },
  { name: 'builds', view: 'builds' },
  { name: 'builds-empty', view: 'builds', state: 'empty' },
  { name: 'images', view: 'images', state: 'done' },
  { name: 'images-empty', view: '#/images', state: 'empty' },
  ...[
    ...['platforms', 'configuration', 'history', 'layers', 'files', 'packages', 'provenance', 'signatures'],
    ...['compare', 'manifest'],
  ].map((section): AccessibilityScene => ({ name: `image-${section}`, view: `${image}/${section}`, state: 'done' })),
  { name: 'compare', view: '#/compare' },
  { name: 'copy', view: '#/images?sheet=copy', state: 'done' },
  { name: 'connections', view: 'connections' },
  { name: 'connection-add', view: '#/connections?adding=1' },
  { name: 'registries', view: 'registries' },
  { name: 'registries-empty', view: '#/registries', state: 'empty' },
  { name: 'sign-in', view: 'sign-in' },
  { name: 'queue', view: 'queue' },
  { name: 'schedules', view: 'schedules' },
  { name: 'schedules-empty', view: 'schedules', state: 'empty' },
  { name: 'statistics', view: 'statistics' },
  { name: 'settings', view: 'settings' },
  { name: 'palette', view: 'palette', do: ['press:Mod+k'] },
  { name: 'shortcuts', view: 'builds', do: ['press:?'] },
  { name: 'about', view: 'builds', do: [...palette('About Barnraiser'), 'wait:role=dialog'] },
  { name: 'folder-dialog', view: 'farm', do: ['press:Mod+o', 'wait:role=dialog'] },
  { name: 'question-host-key', view: 'farm', ask: 'host-key' },
  { name: 'question-password', view: 'farm', ask: 'password' },
  { name: 'question-command', view: 'farm', ask: 'proxy-command' },
];
