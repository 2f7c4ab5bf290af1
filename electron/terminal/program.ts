import { Command as CommanderCommand } from 'commander';
import { buildCommands } from './commands/build.ts';
import { connectionCommands } from './commands/connection.ts';
import { farmCommands, nodeCommands } from './commands/farm.ts';
import { imageCommands } from './commands/image.ts';
import { examples, type ProgramOptions } from './commands/options.ts';

/** Every command there is, with its help. Parsing a command line with it calls `found` once, or throws. */
export function makeProgram(options: ProgramOptions): CommanderCommand {
  const program = new CommanderCommand('barnraiser')
    .description('Builds one container image on many machines at once, and brings the images back.')
    .version(options.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [COMMAND]', 'print help of a command')
    .option('--json', 'print answers and events as JSON, one a line')
    .option('--accept-new-host-keys', 'trust the keys of hosts that are not in known_hosts, and save them')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      examples(
        'connection add pi4 ssh://pi@pi4.local',
        'farm create pis pi4 pi5 --default',
        'build -t registry.example.com/team/api:1.4 .',
        'push registry.example.com/team/api:1.4',
      ),
    );
  program.addCommand(inherit(program, connectionCommands(options)));
  program.addCommand(inherit(program, farmCommands(options)));
  for (const command of [...nodeCommands(options), ...buildCommands(options), ...imageCommands(options)]) {
    program.addCommand(inherit(program, command));
  }
  return program;
}

function inherit(program: CommanderCommand, command: CommanderCommand): CommanderCommand {
  command.copyInheritedSettings(program).configureHelp({ showGlobalOptions: true });
  for (const child of command.commands) {
    inherit(program, child);
  }
  return command;
}
