/** The command line of Barnraiser: every command with its arguments, options and help. */
import { Command as CommanderCommand, Option } from 'commander';
import { attestationCommands } from './attestation.ts';
import { automationCommands } from './automation.ts';
import { bakeCommands } from './bake.ts';
import { buildCommands } from './build.ts';
import { basesCommand, compareCommand } from './compare.ts';
import { completionCommand } from './completion.ts';
import { connectionCommands } from './connection.ts';
import { exitCodes, exitCodesHeading } from './exit-codes.ts';
import { explainCommand } from './explain.ts';
import { farmCommands, nodeCommands } from './farm.ts';
import { imageCommands } from './image.ts';
import { lintCommand } from './lint.ts';
import { localImageCommands } from './local-images.ts';
import { manifestCommand } from './manifest.ts';
import { examples, helpSettings, type ProgramOptions } from './options.ts';
import { pkgCommand } from './pkg.ts';
import { nodeHoldCommands, queueCommands } from './queue.ts';
import { registryCommands } from './registry.ts';
import { remoteCommands } from './remote.ts';
import { sampleCommand } from './sample.ts';
import { statisticsCommand } from './statistics.ts';
import { storageCommands } from './storage.ts';

/** Parsing a command line with the returned program either calls `options.onCommand` once or throws. */
export function createProgram(options: ProgramOptions): CommanderCommand {
  const groups: [heading: string, commands: CommanderCommand[]][] = [
    [
      'Machines',
      [
        connectionCommands(options),
        farmCommands(options),
        ...nodeCommands(options),
        ...storageCommands(options),
        statisticsCommand(options),
        nodeHoldCommands(options),
        queueCommands(options),
      ],
    ],
    [
      'Builds',
      [
        ...buildCommands(options),
        ...bakeCommands(options),
        pkgCommand(options),
        sampleCommand(options),
        ...automationCommands(options),
        lintCommand(options),
      ],
    ],
    ['Images', [...imageCommands(options), ...localImageCommands(options), ...attestationCommands(options)]],
    [
      'Registries',
      [
        ...registryCommands(options),
        ...remoteCommands(options),
        manifestCommand(options),
        compareCommand(options),
        basesCommand(options),
      ],
    ],
    ['Help', [explainCommand(options), completionCommand(options)]],
  ];
  const program = new CommanderCommand('barnraiser')
    .description('Build one container image on many machines at once.')
    .helpOption('-h, --help', 'show help')
    .commandsGroup('Help:')
    .helpCommand('help [COMMAND]', 'show help for a command')
    .option('--json', 'print results and events as JSON, one object per line')
    .option(
      '--version',
      'show the version, its build and its formats of files; with --check: whether there is a newer release',
    )
    .option('--accept-new-host-keys', 'trust unknown host keys and add them to known_hosts')
    .addOption(
      new Option('--progress <HOW>', 'print progress as plain lines, also on a terminal').choices(['auto', 'plain']),
    )
    .configureHelp(helpSettings)
    .addHelpText(
      'after',
      `
${exitCodesHeading}
${exitCodes.map(({ code, meaning }) => `  ${String(code).padEnd(3)}  ${meaning}`).join('\n')}
${examples(
  'connection add pi4 ssh://pi@pi4.local',
  'farm create pis pi4 pi5 --default',
  'build -t registry.example.com/team/api:1.4 .',
  'push registry.example.com/team/api:1.4',
)}`,
    );
  for (const [heading, commands] of groups) {
    for (const command of commands) {
      program.addCommand(inheritSettings(program, command.helpGroup(`${heading}:`)));
    }
  }
  return program;
}

function inheritSettings(program: CommanderCommand, command: CommanderCommand): CommanderCommand {
  command.copyInheritedSettings(program).configureHelp(helpSettings);
  for (const child of command.commands) {
    inheritSettings(program, child);
  }
  return command;
}
