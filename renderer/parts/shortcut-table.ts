/**
 * Whether the page is in a tab of a browser, which keeps some keys for itself: Ctrl+N opens a window of the browser. In the
 * desktop app, and in a browser's window without tabs, the page gets all keys.
 */
const isInTab = window.barnraiser === undefined && window.matchMedia?.('(display-mode: standalone)').matches !== true;

interface Shortcut {
  /** Such as `Mod+Enter`, where Mod is Cmd on a Mac and Ctrl elsewhere. */
  readonly keys: string;
  readonly label: string;
  readonly where: keyof typeof shortcutScopes;
}

/** Where shortcuts work, in the order of the list of shortcuts. */
export const shortcutScopes = {
  everywhere: 'Everywhere',
  farm: 'Farm',
  'new-build': 'New build',
  build: 'Build',
  log: 'Log',
  builds: 'Builds',
  connections: 'Connections',
  lists: 'Lists',
} as const;

/** All shortcuts of the page. Views take the keys of their commands and buttons from here. */
export const shortcuts = {
  palette: { keys: 'Mod+K', label: 'Search and run commands', where: 'everywhere' },
  help: { keys: '?', label: 'Show shortcuts', where: 'everywhere' },
  newBuild: { keys: isInTab ? 'Mod+Shift+B' : 'Mod+N', label: 'New build', where: 'everywhere' },
  sidebar: { keys: 'Mod+B', label: 'Fold or unfold the sidebar', where: 'everywhere' },
  undo: { keys: 'Mod+Z', label: 'Undo the last change', where: 'everywhere' },
  settings: { keys: 'Mod+,', label: 'Settings', where: 'everywhere' },
  back: { keys: 'Alt+ArrowLeft', label: 'Back', where: 'everywhere' },
  forward: { keys: 'Alt+ArrowRight', label: 'Forward', where: 'everywhere' },
  contextMenu: { keys: 'Shift+F10', label: 'Menu of the focused element', where: 'everywhere' },
  toasts: { keys: 'F6', label: 'Go to messages', where: 'everywhere' },
  close: { keys: 'Escape', label: 'Close a dialog, sheet or menu', where: 'everywhere' },
  chooseFolder: { keys: 'Mod+O', label: 'Build a folder', where: 'farm' },
  submit: { keys: 'Mod+Enter', label: 'Start the build or push', where: 'new-build' },
  searchOptions: { keys: 'Mod+Shift+F', label: 'Search options', where: 'new-build' },
  cancelBuild: { keys: 'Mod+.', label: 'Cancel build', where: 'build' },
  find: { keys: 'Mod+F', label: 'Find in log', where: 'log' },
  nextMatch: { keys: 'Enter', label: 'Next match', where: 'log' },
  previousMatch: { keys: 'Shift+Enter', label: 'Previous match', where: 'log' },
  previousStep: { keys: '[', label: 'Previous step', where: 'log' },
  nextStep: { keys: ']', label: 'Next step', where: 'log' },
  logStart: { keys: 'Home', label: 'Start of the log', where: 'log' },
  logEnd: { keys: 'End', label: 'End of the log, and follow it', where: 'log' },
  filterBuilds: { keys: '/', label: 'Filter builds', where: 'builds' },
  selectBuild: { keys: 'Space', label: 'Select build', where: 'builds' },
  rebuild: { keys: 'R', label: 'Rebuild', where: 'builds' },
  compare: { keys: 'C', label: 'Compare with the previous build', where: 'builds' },
  deleteBuild: { keys: 'Delete', label: 'Delete build', where: 'builds' },
  check: { keys: 'Mod+R', label: 'Check connection', where: 'connections' },
  cancelCheck: { keys: 'Escape', label: 'Cancel check', where: 'connections' },
  removeConnection: { keys: 'Delete', label: 'Remove connection', where: 'connections' },
  up: { keys: 'ArrowUp', label: 'Previous entry', where: 'lists' },
  down: { keys: 'ArrowDown', label: 'Next entry', where: 'lists' },
  open: { keys: 'Enter', label: 'Open', where: 'lists' },
} as const satisfies Readonly<Record<string, Shortcut>>;
