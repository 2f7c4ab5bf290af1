import { Command as CommanderCommand } from 'commander';
import { type SampleName, sampleNames } from '../../../shared/samples.ts';
import { invalidInput, pathParser, suggest } from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

/** Lists the sample projects, or writes one. */
export function sampleCommand({ onCommand, workingFolder }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('sample')
    .description('list the sample projects, or write one of them to a folder')
    .argument('[NAME]', 'sample to write (default: list them)', parseSample)
    .argument('[FOLDER]', 'folder to create (default: NAME, in the current folder)')
    .addHelpText('after', examples('sample', 'sample hello', 'sample c ./my-c-project'))
    .action((name: SampleName | undefined, folder: string | undefined) =>
      onCommand(
        name === undefined
          ? { kind: 'sample.list' }
          : { kind: 'sample', name, folder: pathParser(workingFolder)(folder ?? name) },
      ),
    );
}

function parseSample(text: string): SampleName {
  const name = sampleNames.find((each) => each === text);
  if (name === undefined) {
    throw invalidInput(`There is no sample ${text}.`, suggest(text, sampleNames));
  }
  return name;
}
