import { z } from 'zod';
import { dataFormats } from '../../../shared/data-formats.ts';
import { fail } from '../../../shared/problem.ts';
import { type AllowedCommand, allowedCommandSchema } from '../../../shared/question.ts';
import { SettingsFile } from '../../settings/settings-file.ts';

export const allowedCommandsSchema = z.object({ commands: z.array(allowedCommandSchema) });

/** The ProxyCommands that are permanently allowed, in `allowed-commands.json`. */
export class AllowedCommands {
  readonly #file: SettingsFile<z.infer<typeof allowedCommandsSchema>>;

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.allowedCommands,
      folder,
      schema: allowedCommandsSchema,
      empty: { commands: [] },
    });
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<AllowedCommand[]> {
    return (await this.#file.read()).commands;
  }

  /** @throws Failure `settings.*` */
  async add({ host, command }: AllowedCommand): Promise<void> {
    await this.#file.update((before) =>
      before.commands.some(equals({ host, command })) ? before : { commands: [...before.commands, { host, command }] },
    );
  }

  /** @throws Failure `input.invalid` if the command is not allowed, `settings.*` */
  async remove(allowed: AllowedCommand): Promise<void> {
    await this.#file.update(({ commands }) => {
      const remaining = commands.filter((command) => !equals(allowed)(command));
      if (remaining.length === commands.length) {
        throw fail(
          'input.invalid',
          `There is no such allowed command for ${allowed.host}.`,
          'It may have been removed already.',
        );
      }
      return { commands: remaining };
    });
  }
}

function equals({ host, command }: AllowedCommand): (other: AllowedCommand) => boolean {
  return (other) => other.host === host && other.command === command;
}
