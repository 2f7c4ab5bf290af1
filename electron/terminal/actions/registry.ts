/** Logins and settings of registries. */

import type { CallInput } from '../../../shared/contract.ts';
import { fail } from '../../../shared/problem.ts';
import type { Registry, RegistryLogin, RegistryStep } from '../../../shared/registry.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable, pad } from '../output/columns.ts';
import { paintFor } from '../output/paint.ts';
import { cleanLine } from '../output/text.ts';
import { askLine } from '../prompt.ts';
import { forEachName } from './for-each-name.ts';
import { readCredentials, readPassword } from './push.ts';

type LoginCommand = Extract<Command, { kind: 'login' }>;

export async function login(frontEnd: TerminalFrontEnd, command: LoginCommand): Promise<number> {
  const { name, store, tlsVerify } = command;
  const username = command.username ?? (await askUser(frontEnd));
  const password = await readPassword(frontEnd, command.password);
  const request = { name, username, password, tlsVerify, ...(store ? { store } : {}) };
  const saved = await frontEnd.showWait(`Trying the login at ${name}…`, frontEnd.call('registries.login', request));
  frontEnd.printResult(saved, () => [`Signed in to ${name} as ${username}. The login is in ${saved.keptIn}.`]);
  if (!saved.checked) {
    frontEnd.printNotes(`${name} asks for no login, so the user name and password were not tried.`);
  }
  if (saved.store !== 'barnraiser' && store === undefined) {
    frontEnd.printNotes(
      "The system's keychain cannot be used here, so the login is where `podman login` keeps it, readable by your user.",
    );
  }
  return 0;
}

async function askUser({ options: { input, errors, interrupted } }: TerminalFrontEnd): Promise<string> {
  const typed = await askLine('Username: ', { input, output: errors }, interrupted);
  interrupted.throwIfAborted();
  if (!typed) {
    throw fail('input.invalid', 'No user name was entered.', 'Enter it at the prompt, or add --username USER.');
  }
  return typed;
}

export async function logout(frontEnd: TerminalFrontEnd, request: CallInput<'registries.logout'>): Promise<number> {
  const result = await frontEnd.call('registries.logout', request);
  frontEnd.printResult(result, () =>
    result.removed.length === 0
      ? ['There are no logins to remove.']
      : result.removed.map(({ name, keptIn }) => `Removed the login for ${name} from ${keptIn}.`),
  );
  if (result.left) {
    frontEnd.printNotes(`${result.left.name} is still signed in to, by the login in ${result.left.keptIn}.`);
  }
  return 0;
}

export async function listLogins(frontEnd: TerminalFrontEnd): Promise<number> {
  const logins = await frontEnd.call('registries.logins', {});
  frontEnd.printResult(logins, () =>
    logins.length === 0
      ? ['No logins yet. Save one: barnraiser login REGISTRY']
      : formatTable(
          [{ title: 'REGISTRY' }, { title: 'USER' }, { title: 'SAVED IN' }],
          logins.map((each) => [cleanLine(each.name), userText(each), `${cleanLine(each.keptIn)}${noteOf(each)}`]),
        ),
  );
  return 0;
}

function userText({ username }: RegistryLogin): string {
  return username === undefined ? 'identity token' : cleanLine(username);
}

function noteOf({ unusable }: RegistryLogin): string {
  return unusable === undefined ? '' : ' (not usable here: only the desktop app can read it)';
}

export async function listRegistries(frontEnd: TerminalFrontEnd): Promise<number> {
  const registries = await frontEnd.call('registries.list', {});
  frontEnd.printResult(registries, () =>
    registries.length === 0
      ? ['No registries yet. Set one up: barnraiser registry add REGISTRY']
      : formatTable(
          [{ title: 'REGISTRY' }, { title: 'TLS' }, { title: 'LOGIN' }, { title: 'SETTINGS' }],
          registries.map((registry) => [
            registry.name,
            registry.blockedBy ? wordOf('blocked') : tlsTexts[registry.tls],
            loginText(registry),
            settingsText(registry),
          ]),
        ),
  );
  return 0;
}

/** @texts */
const tlsTexts: Readonly<Record<Registry['tls'], string>> = {
  verify: 'verified',
  'no-verify': 'not verified',
  'plain-http': 'plain HTTP',
};

function loginText({ logins: [first, ...others] }: Registry): string {
  if (!first) {
    return '';
  }
  return `${userText(first)} (${first.store})${others.length > 0 ? ` and ${others.length} more` : ''}`;
}

function settingsText({ own, mirrors, certificates, files }: Registry): string {
  return [
    ...(mirrors.length > 0 ? [`mirrors ${mirrors.map(({ location }) => location).join(', ')}`] : []),
    ...(own?.proxy ? [own.proxy === 'none' ? 'no proxy' : `proxy ${withoutLogin(own.proxy)}`] : []),
    ...certificates,
    ...files,
  ].join(', ');
}

/** An address without the login in it. */
function withoutLogin(address: string): string {
  return address.replace(/\/\/[^@/]*@/, '//');
}

export async function addRegistry(frontEnd: TerminalFrontEnd, change: CallInput<'registries.add'>): Promise<number> {
  const added = await frontEnd.call('registries.add', change);
  frontEnd.printResult(added, () => [
    `Added registry ${added.name}. To try it: barnraiser registry check ${added.name}`,
  ]);
  return 0;
}

export async function setRegistry(frontEnd: TerminalFrontEnd, change: CallInput<'registries.set'>): Promise<number> {
  const changed = await frontEnd.call('registries.set', change);
  frontEnd.printResult(changed, () => [`Updated registry ${changed.name}.`]);
  return 0;
}

export async function removeRegistries(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    await frontEnd.call('registries.remove', { name });
    frontEnd.printResult({ removed: name }, () => [`Removed the settings of registry ${name}. Logins are kept.`]);
  });
}

export async function deleteFromRegistry(
  frontEnd: TerminalFrontEnd,
  { image, tlsVerify, credentials: given }: Extract<Command, { kind: 'registry.delete' }>,
): Promise<number> {
  const credentials = await readCredentials(frontEnd, given);
  const request = { image, tlsVerify, ...(credentials ? { credentials } : {}) };
  const result = await frontEnd.showWait(`Deleting ${image}…`, frontEnd.call('registries.delete', request));
  frontEnd.printResult(result, () => [`Deleted ${result.deleted}.`]);
  return 0;
}

const stepLooks = {
  passed: { glyph: '✓', style: 'green' },
  warning: { glyph: '!', style: 'yellow' },
  failed: { glyph: '✗', style: 'red' },
  skipped: { glyph: '·', style: 'dim' },
} as const;

export async function checkRegistry(
  frontEnd: TerminalFrontEnd,
  request: CallInput<'registries.check'>,
): Promise<number> {
  const check = await frontEnd.showWait(`Checking ${request.name}…`, frontEnd.call('registries.check', request));
  const paint = paintFor(frontEnd.options.output);
  frontEnd.printResult(check, () => [
    `${paint('bold', check.name)} ${check.passed ? paint('green', 'passed') : paint('red', 'failed')}`,
    ...check.steps.flatMap((step) => stepLines(step, paint)),
  ]);
  return check.passed ? 0 : 1;
}

function stepLines(
  { id, status, text, facts = [], problem }: RegistryStep,
  paint: ReturnType<typeof paintFor>,
): string[] {
  const { glyph, style } = stepLooks[status];
  return [
    ` ${paint(style, glyph)} ${pad(id, 'sign-in'.length)} ${cleanLine(text)}`,
    ...facts.map(({ name, value }) => paint('dim', `             ${name}: ${cleanLine(value)}`)),
    ...(problem?.detail ? [paint('dim', `             ${cleanLine(problem.detail)}`)] : []),
    ...(problem ? [`             ${paint('cyan', '→')} ${cleanLine(problem.fix)}`] : []),
  ];
}
