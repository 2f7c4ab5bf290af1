/**
 * Whether the page is in a tab of a browser, which keeps some keys for itself: Ctrl+N opens a window of the browser. In the
 * desktop app, and in a browser's window without tabs, the page gets all keys.
 */
const isInTab = window.barnraiser === undefined && window.matchMedia?.('(display-mode: standalone)').matches !== true;

interface Shortcut {
  /** Such as `Mod+Enter`, where Mod is Cmd on a Mac and Ctrl elsewhere. */
  readonly keys: string;
  readonly label: string;
  readonly where: (typeof shortcutScopes)[number];
}

/** Where shortcuts work, in the order of the list of shortcuts. */
export const shortcutScopes = [
  'Everywhere',
  'Farm',
  'New build',
  'Build',
  'Log',
  'Builds',
  'Connections',
  'Lists',
] as const;

/** All shortcuts of the page. Views take the keys of their commands and buttons from here. */
export const shortcuts = {
  palette: { keys: 'Mod+K', label: 'Search and run commands', where: 'Everywhere' },
  help: { keys: '?', label: 'Show shortcuts', where: 'Everywhere' },
  newBuild: { keys: isInTab ? 'Mod+Shift+B' : 'Mod+N', label: 'New build', where: 'Everywhere' },
  sidebar: { keys: 'Mod+B', label: 'Fold or unfold the sidebar', where: 'Everywhere' },
  undo: { keys: 'Mod+Z', label: 'Undo the last change', where: 'Everywhere' },
  settings: { keys: 'Mod+,', label: 'Settings', where: 'Everywhere' },
  back: { keys: 'Alt+ArrowLeft', label: 'Back', where: 'Everywhere' },
  forward: { keys: 'Alt+ArrowRight', label: 'Forward', where: 'Everywhere' },
  contextMenu: { keys: 'Shift+F10', label: 'Menu of the focused element', where: 'Everywhere' },
  toasts: { keys: 'F6', label: 'Go to messages', where: 'Everywhere' },
  close: { keys: 'Escape', label: 'Close a dialog, sheet or menu', where: 'Everywhere' },
  chooseFolder: { keys: 'Mod+O', label: 'Build a folder', where: 'Farm' },
  submit: { keys: 'Mod+Enter', label: 'Start the build or push', where: 'New build' },
  searchOptions: { keys: 'Mod+Shift+F', label: 'Search options', where: 'New build' },
  cancelBuild: { keys: 'Mod+.', label: 'Cancel build', where: 'Build' },
  find: { keys: 'Mod+F', label: 'Find in log', where: 'Log' },
  nextMatch: { keys: 'Enter', label: 'Next match', where: 'Log' },
  previousMatch: { keys: 'Shift+Enter', label: 'Previous match', where: 'Log' },
  previousStep: { keys: '[', label: 'Previous step', where: 'Log' },
  nextStep: { keys: ']', label: 'Next step', where: 'Log' },
  logStart: { keys: 'Home', label: 'Start of the log', where: 'Log' },
  logEnd: { keys: 'End', label: 'End of the log, and follow it', where: 'Log' },
  filterBuilds: { keys: '/', label: 'Filter builds', where: 'Builds' },
  selectBuild: { keys: 'Space', label: 'Select build', where: 'Builds' },
  rebuild: { keys: 'R', label: 'Rebuild', where: 'Builds' },
  compare: { keys: 'C', label: 'Compare with the previous build', where: 'Builds' },
  deleteBuild: { keys: 'Delete', label: 'Delete build', where: 'Builds' },
  check: { keys: 'Mod+R', label: 'Check connection', where: 'Connections' },
  cancelCheck: { keys: 'Escape', label: 'Cancel check', where: 'Connections' },
  removeConnection: { keys: 'Delete', label: 'Remove connection', where: 'Connections' },
  up: { keys: 'ArrowUp', label: 'Previous entry', where: 'Lists' },
  down: { keys: 'ArrowDown', label: 'Next entry', where: 'Lists' },
  open: { keys: 'Enter', label: 'Open', where: 'Lists' },
} as const satisfies Readonly<Record<string, Shortcut>>;
