import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../../shared/problem.ts';
import { type AllowedCommand, allowedCommandSchema } from '../../../shared/question.ts';
import { SettingsFile } from '../../settings/settings-file.ts';

const fileSchema = z.object({ commands: z.array(allowedCommandSchema) });

/** The commands that may be run whenever the SSH configuration reaches a host by them, in `allowed-commands.json`. */
export class AllowedCommands {
  readonly #file: SettingsFile<z.infer<typeof fileSchema>>;

  /** @param folder where settings are kept. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      path: join(folder, 'allowed-commands.json'),
      version: 1,
      schema: fileSchema,
      empty: { commands: [] },
      holds: 'allowed commands',
    });
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<AllowedCommand[]> {
    return (await this.#file.read()).commands;
  }

  /** @throws Failure `settings.*` */
  async add({ host, command }: AllowedCommand): Promise<void> {
    await this.#file.update((before) =>
      before.commands.some(isThe({ host, command })) ? before : { commands: [...before.commands, { host, command }] },
    );
  }

  /** @throws Failure `input.invalid` where it is not allowed, `settings.*` */
  async remove(gone: AllowedCommand): Promise<void> {
    await this.#file.update(({ commands }) => {
      const left = commands.filter((each) => !isThe(gone)(each));
      if (left.length === commands.length) {
        throw fail('input.invalid', `No such command is allowed for ${gone.host}.`, 'It was forgotten before.');
      }
      return { commands: left };
    });
  }
}

function isThe({ host, command }: AllowedCommand): (each: AllowedCommand) => boolean {
  return (each) => each.host === host && each.command === command;
}
