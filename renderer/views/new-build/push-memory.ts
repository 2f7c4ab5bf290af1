import { formatReference, parseReference } from '../../../shared/image.ts';
import { isListUpTo, isTextUpTo, recall, remembered, rememberValue } from '../../stores/memory.ts';
import { usePushHistory } from '../../stores/push-history.ts';
import { isInsecure, setInsecure, suggestDestination } from '../push/destination.ts';
import type { PushChoice, PushDraft } from './draft.ts';

const maxRepositories = 50;

/** The repositories whose last build was pushed when it was done, newest first. */
const pushedMemory = remembered('new-build.pushed', isListUpTo(maxRepositories, isTextUpTo(256)), []);

/** Those whose nodes pushed it themselves. */
const directMemory = remembered('new-build.pushed-directly', isListUpTo(maxRepositories, isTextUpTo(256)), []);

/** What is proposed for a reference: as its repository was built and pushed last. */
export function proposedPush(reference: string): PushDraft {
  const destination = suggestDestination(reference, usePushHistory.getState().records);
  const isOn = destination !== '' && recall(pushedMemory).includes(repositoryOf(reference));
  const direct = recall(directMemory).includes(repositoryOf(reference));
  return { isOn, destination, insecure: isInsecure(destination), direct };
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
export function rememberPush(reference: string, { isOn, destination, insecure, direct }: PushDraft): void {
  const repository = repositoryOf(reference);
  for (const [memory, isIn] of [[pushedMemory, isOn] as const, [directMemory, isOn && direct] as const]) {
    const others = recall(memory).filter((other) => other !== repository);
    rememberValue(memory, (isIn ? [repository, ...others] : others).slice(0, maxRepositories));
  }
  if (isOn) {
    setInsecure(destination, insecure);
  }
}

function repositoryOf(reference: string): string {
  const parsed = parseReference(reference.trim());
  return typeof parsed === 'string' ? reference : `${parsed.registry ?? ''}/${parsed.repository}`;
}
