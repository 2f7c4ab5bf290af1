/** The sample projects. */
import { sampleNames, samples } from '../../../shared/samples.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';

type SampleCommand = Extract<Command, { readonly kind: 'sample' | 'sample.list' }>;

/** How each kind of sample is built in its folder. */
const buildCommands = { build: 'build', bake: 'bake', package: 'pkg build --force .' } as const;

export async function runSample(frontEnd: TerminalFrontEnd, command: SampleCommand): Promise<number> {
  if (command.kind === 'sample.list') {
    frontEnd.printResult(
      sampleNames.map((name) => ({ name, title: samples[name].title, text: samples[name].text })),
      () => [
        ...formatTable(
          [{ title: 'NAME' }, { title: 'WHAT IT SHOWS' }],
          sampleNames.map((name) => [name, samples[name].text]),
        ),
        '',
        'Write one to a folder: barnraiser sample NAME',
      ],
    );
    return 0;
  }
  const { name, folder } = command;
  const { kind, reference } = samples[name];
  const { context } = await frontEnd.call('projects.sample', { name, folder });
  const build = reference === undefined ? buildCommands[kind] : `build -t ${reference} .`;
  frontEnd.printResult({ context }, () => [
    `Created the sample ${name} in ${context}. Its README.md explains it.`,
    `Build it there: barnraiser ${build}`,
  ]);
  return 0;
}
