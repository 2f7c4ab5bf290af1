/** Which parts of the options are open. */
import { optionGroups } from '../../../../shared/build-options.ts';
import { isFlag, isListUpTo, isTextUpTo, remembered } from '../../../stores/memory.ts';

export const sectionMemory = remembered('new-build.options', isFlag, false);
export const groupsMemory = remembered(
  'new-build.option-groups',
  isListUpTo(Object.keys(optionGroups).length, isTextUpTo(64)),
  [],
);
