import { type ActionTable, entryOf, type ProblemAction, type ProblemActionId } from '../../shared/problem-action.ts';
import { clearSetAside } from '../stores/farm-actions.ts';
import { askToFreeDisk } from '../stores/free-disk.ts';
import { navigate, openSheet } from '../stores/navigation.ts';
import { resumeNode } from '../stores/queue.ts';
import { resumeAndOpen } from '../stores/resume.ts';

const labels: ActionTable<string> = {
  'push-without-tls': ({ reason }) => (reason === 'plain-http' ? 'Use plain HTTP' : 'Go on without verification'),
  'sign-in': () => 'Sign in',
  'choose-destination': () => 'Choose a destination',
  'choose-containerfile': () => 'Choose a file',
  'ignore-files': ({ file = '.containerignore' }) => `Add to ${file}`,
  'use-docker-format': () => 'Switch to docker format',
  'allow-emulation': () => 'Allow emulation',
  'allow-platform-mismatch': () => 'Accept this image',
  'show-connections': () => 'Show connections',
  'add-connection': () => 'Add a connection',
  'create-farm': () => 'Create a farm',
  'trust-host-keys': () => 'Trust this host',
  'check-connection': ({ connection }) => `Check ${connection}`,
  'use-node-again': ({ node }) => `Use ${node} again`,
  'free-disk': ({ node }) => `Free disk space on ${node}`,
  'resume-changed': () => 'Resume with the changed files',
  'push-incomplete': () => 'Push it all the same',
  'resume-node': ({ node }) => `Resume ${node}`,
  'show-builds': () => 'Show builds',
  'show-images': () => 'Show images',
};

/** What the buttons do. An action without a handler gets no button. */
export type ActionHandlers = Partial<ActionTable<void>>;

/** What the buttons do in every view. */
const generalHandlers: ActionHandlers = {
  'sign-in': ({ registry }) => navigate({ view: 'registries', name: registry, signIn: true }),
  'choose-destination': ({ reference }) => openSheet({ sheet: 'push', reference }),
  'show-connections': () => navigate({ view: 'connections' }),
  'add-connection': () => navigate({ view: 'connections', adding: true }),
  'check-connection': ({ connection }) => navigate({ view: 'connections', name: connection }),
  'use-node-again': ({ node }) => clearSetAside(node),
  'free-disk': ({ node }) => askToFreeDisk([node]),
  'resume-changed': ({ build }) => resumeAndOpen(build, true),
  'resume-node': ({ node }) => resumeNode(node),
  'show-builds': () => navigate({ view: 'builds' }),
  'show-images': () => navigate({ view: 'images' }),
};

export interface ActionButton {
  readonly id: ProblemActionId;
  readonly label: string;
  run(): void;
}

/** The buttons of a problem, in the order of its actions. */
export function actionButtons(actions: readonly ProblemAction[], handlers: ActionHandlers = {}): ActionButton[] {
  return actions.flatMap((action) => {
    const run = entryOf({ ...generalHandlers, ...handlers }, action);
    return run ? [{ id: action.id, label: entryOf(labels, action)(action), run: () => run(action) }] : [];
  });
}
