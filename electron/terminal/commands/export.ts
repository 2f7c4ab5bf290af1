import { Command as CommanderCommand } from 'commander';
import { outputKindNames, outputRow } from '../../../shared/output.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface ExportOptions {
  readonly platform?: Platform[];
  readonly force?: true;
  readonly incomplete?: true;
}

/** `export`. */
export function createExportCommand({
  workingFolder,
  onCommand,
}: Pick<ProgramOptions, 'workingFolder' | 'onCommand'>): CommanderCommand {
  return new CommanderCommand('export')
    .description('write an image of local storage to files and folders, or load it into engines')
    .argument('<REF>', 'image', values.parseReference)
    .argument('<OUTPUT...>', 'where to, see below', values.outputParser(workingFolder, false))
    .option('--platform <PLATFORMS>', 'only these platforms: a,b (default: all)', values.parsePlatforms)
    .option('--force', 'replace files and folders that are there')
    .option('--incomplete', 'export the image although it has no image for some platforms of its build')
    .addHelpText('after', ({ command }) => outputsHelp(command))
    .addHelpText(
      'after',
      examples(
        'export api:1.4 oci-archive:api.tar',
        'export api:1.4 docker-archive:-',
        'export api:1.4 rootfs:out --platform linux/arm64',
        'export api:1.4 docker-archive:amd64.tar@linux/amd64 docker-archive:arm64.tar@linux/arm64',
        'export api:1.4 node:pi4 podman:',
      ),
    )
    .action((reference: string, outputs: string[], { platform, force, incomplete }: ExportOptions) =>
      onCommand({
        kind: 'export',
        reference,
        outputs: values.exportOutputs(outputs, platform),
        force: force ?? false,
        ...(incomplete ? { incomplete } : {}),
      }),
    );
}

/** What an output can be, as wide as the other parts of the help. */
function outputsHelp(command: CommanderCommand): string {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: command.configureOutput().getOutHelpWidth?.() ?? defaultWidth });
  const rows = outputKindNames.filter((kind) => kind !== 'list').map((kind) => outputRow(kind));
  const width = Math.max(...rows.map(({ form }) => form.length));
  const notes =
    'A file named - is standard output, such as for | docker load. @PLATFORM,... at the end of an output chooses its platforms.';
  return [
    '',
    'Outputs:',
    ...rows.map(({ form, hint }) => help.formatItem(form, width, hint, help)),
    '',
    help.boxWrap(notes, help.helpWidth ?? defaultWidth),
  ].join('\n');
}

const defaultWidth = 80;
