import { type ActionTable, entryOf, type ProblemAction } from '../../../shared/problem-action.ts';

const hints: ActionTable<string> = {
  'push-without-tls': ({ reason }) =>
    `To go on ${reason === 'plain-http' ? 'over plain HTTP' : 'without verification of the certificate'}, add --tls-verify=false.`,
  'sign-in': ({ registry }) => `For this command only, add --creds USER. To sign in, run barnraiser login ${registry}.`,
  'choose-destination': ({ reference }) =>
    `To name one, run barnraiser push ${reference} registry.example.com/team/${reference}.`,
  'choose-containerfile': () => 'To use another file, add --file FILE.',
  'ignore-files': ({ patterns, file = '.containerignore' }) =>
    `To leave them out, add to ${file}, a line each: ${patterns.join(' ')}`,
  'use-docker-format': () => "To keep them, build in docker's format: add --format docker.",
  'allow-emulation': () => 'To allow emulation, leave out --no-emulation.',
  'allow-platform-mismatch': () => 'To accept the image as it is, add --allow-platform-mismatch.',
  'show-connections': () => 'To see what is wrong with each connection, run barnraiser status.',
  'add-connection': ({ name = 'NAME' }) => `To add one, run barnraiser connection add ${name} ssh://user@host.`,
  'create-farm': ({ name }) => `To create it, run barnraiser farm create ${name} CONNECTION...`,
  'trust-host-keys': () => 'To trust it, answer yes, or add --accept-new-host-keys.',
  'check-connection': ({ connection }) => `To find the cause, run barnraiser connection test ${connection}.`,
  'use-node-again': ({ node }) => `To use it now, run barnraiser connection use-again ${node}.`,
  'free-disk': ({ node }) => `To free disk space there, run barnraiser prune --node ${node}.`,
  'resume-changed': ({ build }) =>
    `To build the rest from the changed files, run barnraiser resume ${build} --changed.`,
  'push-incomplete': () => 'To push it all the same, add --incomplete.',
  'resume-node': ({ node }) => `To resume it, run barnraiser node resume ${node}.`,
  'show-builds': () => 'To see all builds, run barnraiser builds --all.',
  'show-images': () => 'To see all images, run barnraiser images.',
};

/** The command or flag that does what the action says. */
export function actionHint(action: ProblemAction): string {
  return entryOf(hints, action)(action);
}
