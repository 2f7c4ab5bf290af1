import { automaticTexts } from '../../../shared/automatic-options.ts';
import type { Build } from '../../../shared/build.ts';
import { emulationText } from '../../../shared/emulation.ts';

/** What a person should know before a build does any work: what it got from git, and what emulation costs. */
export function buildNotes({ automatic, schedule }: Pick<Build, 'automatic' | 'schedule'>): string[] {
  return [...(automatic ? automaticTexts(automatic) : []), ...(schedule.emulation ?? []).map(emulationText)];
}
