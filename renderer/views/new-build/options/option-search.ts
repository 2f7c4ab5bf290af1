/** Which options the form shows, and where. */
import { type OptionGroup, optionGroups, optionRow, type RequestOptionName } from '../../../../shared/build-options.ts';
import { optionHint, optionLabel } from '../../../parts/option-words.ts';
import { formOptions } from './option-draft.ts';

/** What most people change. The form shows them first, and not in their groups. */
export const commonOptions: readonly RequestOptionName[] = ['buildArgs', 'target', 'pull', 'retention', 'noCache'];

export interface OptionsOfGroup {
  readonly group: OptionGroup;
  readonly names: readonly RequestOptionName[];
}

/** Options by their groups, in the order of the table. Groups without one are left out. */
export function byGroup(names: readonly RequestOptionName[]): OptionsOfGroup[] {
  return (Object.keys(optionGroups) as OptionGroup[])
    .map((group) => ({ group, names: names.filter((name) => optionRow(name).group === group) }))
    .filter((each) => each.names.length > 0);
}

/** The options that have all words of a search somewhere in what is known of them: name, flag, help, choices, group. */
export function findOptions(search: string): RequestOptionName[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return formOptions.filter((name) => words.every((word) => searchText(name).includes(word)));
}

const searchTexts = new Map<RequestOptionName, string>();

function searchText(name: RequestOptionName): string {
  const known = searchTexts.get(name);
  if (known !== undefined) {
    return known;
  }
  const { name: words, flag, help, group, choices = [], elsewhere = {} } = optionRow(name);
  const text = [
    ...[
      name,
      words,
      optionLabel(name),
      optionHint(name),
      help,
      flag,
      optionGroups[group],
      elsewhere.podman,
      elsewhere.docker,
    ],
    ...choices.flatMap((choice) => [choice.label, choice.hint, choice.flag]),
  ]
    .filter((each) => typeof each === 'string')
    .join('\n')
    .toLowerCase();
  searchTexts.set(name, text);
  return text;
}
