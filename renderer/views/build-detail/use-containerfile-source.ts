import { useEffect, useState } from 'react';
import { call } from '../../api.ts';
import type { ContainerfileSource } from './containerfile-source.ts';

/** The Containerfile of a build. Undefined until it is loaded, and if it was not kept. */
export function useContainerfileSource(id: string): ContainerfileSource | undefined {
  const [source, setSource] = useState<ContainerfileSource>();
  useEffect(() => {
    let isCurrent = true;
    call('builds.source', { id }).then(
      (loaded) => {
        if (isCurrent && loaded.instructions.length > 0) {
          setSource(loaded);
        }
      },
      // the page is usable without it
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [id]);
  return source;
}
