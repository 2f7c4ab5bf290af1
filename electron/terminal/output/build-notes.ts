import { automaticTexts } from '../../../shared/automatic-options.ts';
import type { Build } from '../../../shared/build.ts';
import { contentTagTexts } from '../../../shared/content-tag-text.ts';
import { emulationText } from '../../../shared/emulation.ts';
import { finishText } from '../../../shared/estimate-text.ts';

/** What a person should know before a build does any work: what it got from git, what emulation costs, how long it takes. */
export function buildNotes({
  contentTag,
  automatic,
  schedule,
}: Pick<Build, 'contentTag' | 'automatic' | 'schedule'>): string[] {
  const finish = finishText(schedule);
  return [
    ...(contentTag ? contentTagTexts(contentTag) : []),
    ...(automatic ? automaticTexts(automatic) : []),
    ...(schedule.emulation ?? []).map(emulationText),
    ...(finish ? [finish] : []),
  ];
}
