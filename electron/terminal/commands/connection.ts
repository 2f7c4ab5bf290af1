import { Command as CommanderCommand } from 'commander';
import * as values from '../values.ts';
import { examples, type ProgramOptions } from './options.ts';

export function connectionCommands({ folder, found }: ProgramOptions): CommanderCommand {
  const group = new CommanderCommand('connection').description('the engines that Barnraiser may build on');
  group
    .command('add')
    .description('add a connection, and test it')
    .argument('<NAME>', 'what to call it', values.name)
    .argument('<URI>', 'ssh://[user@]host[:port][/path/to.sock] or unix:///path/to.sock', values.uri)
    .option(
      '--identity <FILE>',
      'private key; without one the agent and the default keys are tried',
      values.path(folder),
    )
    .option('--no-test', 'do not try to reach it')
    .addHelpText(
      'after',
      examples(
        'connection add pi4 ssh://pi@pi4.local',
        'connection add big ssh://root@10.0.0.7:2222/run/podman/podman.sock --identity ~/.ssh/big',
        'connection add here unix:///run/user/1000/podman/podman.sock',
      ),
    )
    .action((name: string, uri: string, { identity, test }: { identity?: string; test: boolean }) =>
      found({ kind: 'connection.add', connection: { name, uri, ...(identity ? { identity } : {}) }, test }),
    );
  group
    .command('list')
    .alias('ls')
    .description('list the connections')
    .action(() => found({ kind: 'connection.list' }));
  group
    .command('remove')
    .alias('rm')
    .description('remove connections, also from the farms that hold them')
    .argument('<NAME...>', 'connections', values.names)
    .addHelpText('after', examples('connection remove pi4'))
    .action((names: string[]) => found({ kind: 'connection.remove', names }));
  group
    .command('test')
    .description('try to reach connections, step by step, and say what to do where that fails')
    .argument('<NAME...>', 'connections', values.names)
    .addHelpText('after', examples('connection test pi4 big'))
    .action((names: string[]) => found({ kind: 'connection.test', names }));
  group
    .command('resolve')
    .description('print what the SSH configuration says about a host, as `ssh -G` does')
    .argument('<HOST>', 'HOST, USER@HOST or ssh://USER@HOST:PORT')
    .option('--ssh-config <FILE>', 'read this file instead of ~/.ssh/config; `none` reads none', (file) =>
      file === 'none' ? file : values.path(folder)(file),
    )
    .addHelpText('after', examples('connection resolve pi4', 'connection resolve pi4 --ssh-config ./ssh_config'))
    .action((host: string, { sshConfig }: { sshConfig?: string }) =>
      found({ kind: 'connection.resolve', request: { host, ...(sshConfig ? { sshConfig } : {}) } }),
    );
  return group;
}
