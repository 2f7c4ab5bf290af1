import { useEffect, useState } from 'react';
import { withoutLogin } from '../../../shared/git-url.ts';
import { subscribe } from '../../api.ts';

/** What is being done to get the files of a project. Undefined while nothing is known. */
export function useSourceProgress(context: string): string | undefined {
  const [text, setText] = useState<string>();
  useEffect(() => {
    setText(undefined);
    return subscribe((event) => {
      if (event.event === 'source.progress' && event.context === withoutLogin(context)) {
        setText(event.text);
      }
    });
  }, [context]);
  return text;
}
