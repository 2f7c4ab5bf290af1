/** The views and dialogs of the window in their main states, as the checks of accessibility open them. */
import type { FixtureState, Scene } from '../../renderer/testing/fixture-app.ts';
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
  /** A node whose connection is lost. */
  readonly lost?: string;
  /** Its file in `spoken/` has the sidebar, too. */
  readonly hasSidebar?: boolean;
  /** How checks and discovery behave. */
  readonly scene?: Scene;
}

/** Those that are checked without the variable of `npm run test:accessibility`. */
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

const done = sample.done().reference;
const image = `#/image/${encodeURIComponent(done)}`;
const list = '#/registries?sheet=list&image=docker://registry.example.com/team/api:1.4';
const palette = (command: string): readonly string[] => ['press:Mod+k', `fill:role=combobox=${command}`, 'press:Enter'];
const button = (name: string): string => `click:role=button[name="${name}"]`;
const item = (name: string): string => `click:role=menuitem[name="${name}"]`;
/** Opens the menu of a button, and chooses an entry. */
const choose = (menu: string, entry: string): readonly string[] => [button(menu), item(entry)];

/** To the list of builds, whose first row is then active. */
const toBuilds = ['click:role=searchbox', 'press:Tab', 'press:Tab', 'press:Tab'];

export const scenes: readonly AccessibilityScene[] = [
  { name: 'first-start', view: 'first-start', state: 'empty', hasSidebar: true },
  { name: 'first-start-no-engines', view: 'first-start', state: 'empty', scene: { discovery: 'nothing' } },
  { name: 'farm', view: 'farm', hasSidebar: true },
  { name: 'farm-failed', view: 'farm', state: 'failed', hasSidebar: true },
  { name: 'farm-matrix', view: 'farm', do: ['click:text=Matrix'] },
  { name: 'farm-charts', view: 'farm', do: ['click:text=Charts'] },
  { name: 'farm-huge', view: 'farm', state: 'huge' },
  { name: 'farm-lost-node', view: 'farm', lost: 'pi4', do: [button('Fold sidebar')], hasSidebar: true },
  { name: 'farm-menu', view: 'farm', do: [button('More actions for home')] },
  { name: 'farm-rename', view: 'farm', do: choose('More actions for home', 'Rename farm…') },
  { name: 'farm-remove', view: 'farm', do: choose('More actions for home', 'Remove farm…') },
  { name: 'node-menu', view: 'farm', do: [button('More actions for pi4')] },
  { name: 'node-removed', view: 'farm', do: choose('More actions for pi4', 'Remove from farm') },
  { name: 'free-disk', view: 'farm', do: choose('More actions for pi4', 'Free disk space…') },
  { name: 'new-build', view: 'new-build' },
  {
    name: 'new-build-sections',
    view: 'new-build',
    do: ['Outputs', 'Context', 'Values from git'].map((summary) => `click:summary:has-text("${summary}")`),
  },
  { name: 'new-build-options', view: 'new-build', do: ['press:Mod+Shift+f', 'press:Control+a'] },
  { name: 'new-build-invalid', view: 'new-build', do: ['fill:role=textbox[name="Image"]=No Name'] },
  {
    name: 'new-build-secrets',
    view: `#/farm/home?sheet=new-build&farm=home&context=${encodeURIComponent('/home/anna/projects/gateway')}`,
    do: ['wait:text=npm-token'],
  },
  { name: 'new-build-without-project', view: '#/farm/home?sheet=new-build&farm=home' },
  {
    name: 'new-build-schedule',
    view: 'new-build',
    do: choose('Watch or schedule', 'Schedule… Build every night, for example'),
  },
  { name: 'file-dialog', view: '#/settings', do: [button('Choose private key…')] },
  {
    name: 'same-command',
    view: 'build',
    state: 'done',
    do: choose('More about this build', 'Same command elsewhere…'),
  },
  { name: 'bake-sheet', view: 'bake-sheet' },
  { name: 'package-sheet', view: 'package-sheet' },
  { name: 'samples', view: '#/farm/home?sheet=samples' },
  { name: 'build-running', view: 'build' },
  { name: 'build-failed', view: 'build', state: 'failed' },
  { name: 'build-done', view: 'build', state: 'done' },
  { name: 'build-graph', view: 'build', state: 'done', do: ['click:text="Graph"'] },
  { name: 'build-table', view: 'build', state: 'done', do: ['click:text="Table"'] },
  { name: 'build-menu', view: 'build', do: [button('More about linux/arm64')] },
  { name: 'problem', view: 'build', state: 'failed', do: [button('What does this mean?')] },
  { name: 'build-delete', view: 'build', state: 'done', do: choose('More about this build', 'Delete build…') },
  { name: 'bake', view: 'bake' },
  { name: 'log', view: 'log', state: 'done' },
  {
    name: 'log-find',
    view: 'log',
    state: 'done',
    do: ['press:Mod+f', 'fill:role=textbox[name="Find in this log"]=warning'],
  },
  { name: 'log-window', view: `#/log/${sample.done().id}/linux%2Farm64`, state: 'done' },
  { name: 'push', view: 'push', state: 'done' },
  { name: 'push-running', view: 'push' },
  {
    name: 'push-group',
    view: 'push',
    state: 'done',
    do: [
      button('Add destination'),
      'fill:role=textbox[name="Destination 2"]=mirror.example.com:5000/api:1.3',
      button('Push image'),
    ],
  },
  { name: 'storage', view: 'storage' },
  { name: 'storage-node', view: '#/farm/home?sheet=storage&node=pi4' },
  { name: 'builds', view: 'builds' },
  { name: 'builds-empty', view: 'builds', state: 'empty' },
  { name: 'builds-delete', view: 'builds', state: 'done', do: [...toBuilds, 'press:Delete'] },
  {
    name: 'builds-compare',
    view: 'builds',
    state: 'done',
    do: [...toBuilds, 'press:c'],
  },
  { name: 'images', view: 'images', state: 'done' },
  { name: 'images-damaged', view: 'images', state: 'failed' },
  { name: 'images-empty', view: '#/images', state: 'empty' },
  { name: 'image-menu', view: 'images', state: 'done', do: [button('More actions for api:1.3')] },
  { name: 'image-export', view: 'images', state: 'done', do: [button('Export…')] },
  { name: 'image-tag', view: 'images', state: 'done', do: choose('More actions for api:1.3', 'Tag…') },
  { name: 'image-verify', view: 'images', state: 'done', do: choose('More actions for api:1.3', 'Verify') },
  { name: 'image-delete', view: 'images', state: 'done', do: choose('More actions for api:1.3', 'Delete image…') },
  { name: 'images-load', view: 'images', state: 'done', do: [button('Load…')] },
  ...[
    ...['platforms', 'configuration', 'history', 'layers', 'files', 'packages', 'provenance', 'signatures'],
    ...['compare', 'manifest'],
  ].map((section): AccessibilityScene => ({ name: `image-${section}`, view: `${image}/${section}`, state: 'done' })),
  {
    name: 'image-file',
    view: `${image}/files`,
    state: 'done',
    do: ['click:role=treeitem >> nth=1', 'press:ArrowDown', 'press:Enter'],
  },
  { name: 'image-sign', view: `${image}/signatures`, state: 'done', do: [button('Sign…')] },
  { name: 'image-sbom', view: `${image}/packages`, state: 'done', do: [button('Save SBOM…')] },
  { name: 'compare', view: '#/compare' },
  { name: 'compare-result', view: 'compare', state: 'done' },
  { name: 'copy', view: '#/images?sheet=copy', state: 'done' },
  { name: 'list', view: list },
  { name: 'list-add', view: list, do: [button('Add images…')] },
  { name: 'list-annotate', view: list, do: ['click:role=button[name=/^Annotate/]'] },
  { name: 'connections', view: 'connections' },
  { name: 'connections-empty', view: '#/connections', state: 'empty' },
  { name: 'connection-check', view: 'connections', scene: { holdAt: 'engine' }, do: [button('Check')] },
  { name: 'connection-failed', view: 'connections', scene: { failAt: 'forwarding-refused' }, do: [button('Check')] },
  { name: 'connection-edit', view: 'connections', do: [button('Edit')] },
  { name: 'connection-remove', view: 'connections', do: [button('Remove pi4')] },
  { name: 'connection-add', view: '#/connections?adding=1' },
  {
    name: 'connection-invalid',
    view: '#/connections?adding=1',
    do: ['fill:role=textbox[name="URI"]=ssh://', 'click:role=form >> role=button[name="Add connection"]'],
  },
  {
    name: 'connections-discovered',
    view: '#/connections?adding=1',
    scene: { discovery: 'few' },
    do: ['click:role=button[name=/^Discovered/]'],
  },
  { name: 'registries', view: 'registries' },
  { name: 'registries-empty', view: '#/registries', state: 'empty' },
  { name: 'registry-check', view: 'registries', do: [button('Check of registry.example.com')] },
  { name: 'registry-settings', view: 'registries', do: choose('More about registry.example.com', 'Settings…') },
  { name: 'sign-in', view: 'sign-in' },
  { name: 'queue', view: 'queue' },
  { name: 'queue-empty', view: 'queue', state: 'empty' },
  { name: 'queue-menu', view: 'queue', do: [button('More actions for web:2.1')] },
  { name: 'schedules', view: 'schedules' },
  { name: 'schedules-empty', view: 'schedules', state: 'empty' },
  { name: 'schedule-prune', view: 'schedules', do: [button('New prune schedule…')] },
  { name: 'statistics', view: 'statistics' },
  { name: 'settings', view: 'settings' },
  { name: 'key-generate', view: 'settings', do: [button('Generate…')] },
  { name: 'key-trust', view: 'settings', do: [button('Trust a key…')] },
  { name: 'palette', view: 'palette', do: ['press:Mod+k'] },
  { name: 'palette-search', view: 'palette', do: ['press:Mod+k', 'fill:role=combobox=check'] },
  { name: 'palette-nothing', view: 'palette', do: ['press:Mod+k', 'fill:role=combobox=qqq'] },
  { name: 'shortcuts', view: 'builds', do: ['press:?'] },
  { name: 'about', view: 'builds', do: [...palette('About Barnraiser'), 'wait:role=dialog'] },
  { name: 'folder-dialog', view: 'farm', do: ['press:Mod+o', 'wait:role=dialog'] },
  { name: 'question-host-key', view: 'farm', ask: 'host-key' },
  { name: 'question-passphrase', view: 'farm', ask: 'passphrase-wrong' },
  { name: 'question-password', view: 'farm', ask: 'password' },
  { name: 'question-prompts', view: 'farm', ask: 'prompts' },
  { name: 'question-secret', view: 'farm', ask: 'build-secret' },
  { name: 'question-command', view: 'farm', ask: 'proxy-command' },
];
