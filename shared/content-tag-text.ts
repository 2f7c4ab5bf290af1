/** What is said of tags by content. Without the schemas, which the page does not have. */
import type { ContentTag } from './content-tag.ts';

/** What a build says of its tag. */
export function contentTagTexts({ tag, isDirty, notes }: ContentTag): string[] {
  return [`Tag by content: ${tag}${isDirty ? ' (dirty)' : ''}.`, ...notes];
}
