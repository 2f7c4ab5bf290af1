import { z } from 'zod';
import { formatReference, parseReference } from '../../../shared/image.ts';
import { recall, remembered, rememberValue } from '../../stores/memory.ts';
import { usePushHistory } from '../../stores/push-history.ts';
import { isInsecure, setInsecure, suggestDestination } from '../push/destination.ts';
import type { PushChoice, PushDraft } from './draft.ts';

const maxRepositories = 50;

/** The repositories whose last build was pushed when it was done, newest first. */
const pushedMemory = remembered('new-build.pushed', z.array(z.string().max(256)).max(maxRepositories), []);

/** What is proposed for a reference: as its repository was built and pushed last. */
export function proposedPush(reference: string): PushDraft {
  const destination = suggestDestination(reference, usePushHistory.getState().records);
  const isOn = destination !== '' && recall(pushedMemory).includes(repositoryOf(reference));
  return { isOn, destination, insecure: isInsecure(destination) };
}

/** What was chosen, and otherwise what is proposed. A destination with the tag of its image gets the tag of the reference now. */
export function effectivePush(reference: string, { enteredFor = '', ...chosen }: PushChoice): PushDraft {
  const push = { ...proposedPush(reference), ...chosen };
  const [destination, before, now] = [push.destination, enteredFor, reference].map((text) =>
    parseReference(text.trim()),
  );
  const isSameTag =
    typeof destination === 'object' &&
    typeof before === 'object' &&
    typeof now === 'object' &&
    destination.tag === before.tag &&
    before.tag !== now.tag;
  return isSameTag ? { ...push, destination: formatReference({ ...destination, tag: now.tag }) } : push;
}

/** @param reference the reference now */
export function choosePush(choice: PushChoice, change: Partial<PushDraft>, reference: string): PushChoice {
  return { ...choice, ...change, ...(change.destination === undefined ? {} : { enteredFor: reference }) };
}

/** Remembers how a build was started. */
export function rememberPush(reference: string, { isOn, destination, insecure }: PushDraft): void {
  const repository = repositoryOf(reference);
  const others = recall(pushedMemory).filter((other) => other !== repository);
  rememberValue(pushedMemory, (isOn ? [repository, ...others] : others).slice(0, maxRepositories));
  if (isOn) {
    setInsecure(destination, insecure);
  }
}

function repositoryOf(reference: string): string {
  const parsed = parseReference(reference.trim());
  return typeof parsed === 'string' ? reference : `${parsed.registry ?? ''}/${parsed.repository}`;
}
