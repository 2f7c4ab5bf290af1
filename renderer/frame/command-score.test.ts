import { describe, expect, it } from 'vitest';
import type { Command } from '../commands.ts';
import { rankCommands } from './command-score.ts';

function command(label: string, more: Partial<Command> = {}): Command {
  return { id: label, label, group: 'app', run: () => undefined, ...more };
}

const farm = { keywords: ['farm', 'project'] };
const node = { keywords: ['test', 'probe', 'connection', 'node'] };
const disk = { keywords: ['prune', 'clean', 'node'] };
const commands = [
  command('Cancel build of api:1.4', { danger: true, keywords: ['stop'] }),
  command('Build api on home…', farm),
  command('Build gateway on home…', farm),
  command('New build…'),
  command('Build a folder on home…'),
  command('Try a sample…', { keywords: ['example', 'demo'] }),
  command('Farm home'),
  command('Images'),
  command('Open build api:0.2 (Done, 5 min ago)', { keywords: ['20260301-101500-a1b2'] }),
  command('Open build registry.example.com/team/api:0.1 (Failed, 2 h ago)'),
  command('Push gateway:1…'),
  command('Push docs:1…'),
  command('Push registry.example.com/team/api:0.1…'),
  command('Push web:1…'),
  command('Check arm-a', node),
  command('Connection arm-a', { keywords: ['ssh://root@10.0.0.7'] }),
  command('Free disk space on arm-a…', disk),
  command('Import connections…', { keywords: ['podman', 'docker', 'ssh config'] }),
  command('Check all nodes', { keywords: ['probe', 'status'] }),
  command('Theme: light'),
  command('Theme: dark'),
  command('Show shortcuts', { keywords: ['help', 'keys'] }),
];
const find = (search: string) => rankCommands(commands, search).map(({ label }) => label);

describe('a search in the palette', () => {
  it.each([
    ['api', 'Build api on home…'],
    ['build api', 'Build api on home…'],
    ['build ./api on home farm', 'Build api on home…'],
    ['~/api', 'Build api on home…'],
    ['open api', 'Open build api:0.2 (Done, 5 min ago)'],
    ['api:0.2', 'Open build api:0.2 (Done, 5 min ago)'],
    ['0.2', 'Open build api:0.2 (Done, 5 min ago)'],
    ['101500', 'Open build api:0.2 (Done, 5 min ago)'],
    ['push api', 'Push registry.example.com/team/api:0.1…'],
    ['arm-a', 'Check arm-a'],
    ['test arm', 'Check arm-a'],
    ['conn arm', 'Connection arm-a'],
    ['10.0.0.7', 'Connection arm-a'],
    ['free disk on arm-a', 'Free disk space on arm-a…'],
    ['prune', 'Free disk space on arm-a…'],
    ['help', 'Show shortcuts'],
    ['DARK', 'Theme: dark'],
    ['sample', 'Try a sample…'],
    ['demo', 'Try a sample…'],
    ['import', 'Import connections…'],
    ['images', 'Images'],
    ['new', 'New build…'],
    ['stop', 'Cancel build of api:1.4'],
    ['cancel api', 'Cancel build of api:1.4'],
  ])('for %s finds %s first', (search, first) => {
    expect(find(search)[0]).toBe(first);
  });

  it.each(['prone', 'xyz', 'api nothing', 'drk', 'on'])('for %s finds nothing that lacks a word', (search) => {
    expect(find(search).filter((label) => !label.includes(' on '))).toEqual([]);
    expect(rankCommands([command('Theme: dark'), command('Check arm-a', node)], search)).toEqual([]);
  });

  it('finds every command that has all its words, whatever its group', () => {
    expect(new Set(find('arm-a'))).toEqual(new Set(['Check arm-a', 'Connection arm-a', 'Free disk space on arm-a…']));
    expect(find('api')).not.toContain('Push gateway:1…');
  });

  it('finds what ends work at once by its verb only', () => {
    for (const search of ['api', 'build', 'c', 'ca', 'of api', '1.4', 'build of']) {
      expect(find(search)).not.toContain('Cancel build of api:1.4');
    }
    expect(find('cancel')).toEqual(['Cancel build of api:1.4']);
  });

  it('keeps the order of commands that match equally well', () => {
    const pushes = [command('Push aa:1…'), command('Push bb:1…'), command('Push a:1…')];
    expect(rankCommands(pushes, 'push').map(({ label }) => label)).toEqual(['Push aa:1…', 'Push bb:1…', 'Push a:1…']);
    const builds = [
      command('Open build api:1.4-rc2 (Running, yesterday)'),
      command('Open build api:1 (Done, 2 min ago)'),
    ];
    expect(rankCommands(builds, 'api')).toEqual(builds);
  });
});
