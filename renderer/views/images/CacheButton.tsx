import { useEffect, useState } from 'react';
import { formatBytes } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { clearCache, readCacheBytes, useImages } from '../../stores/images.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

/** Frees what is kept only for later builds: layers of images that newer ones have replaced. Not there if nothing is kept. */
export function CacheButton() {
  const lists = useImages((state) => state.lists);
  const [bytes, setBytes] = useState(0);
  const [busy, setBusy] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the cache changes together with the images
  useEffect(() => {
    let isCurrent = true;
    readCacheBytes().then((now) => isCurrent && setBytes(now), toastProblem);
    return () => {
      isCurrent = false;
    };
  }, [lists]);

  async function clear(): Promise<void> {
    setBusy(true);
    try {
      const freedBytes = await clearCache();
      setBytes(0);
      toast({ title: 'Cleared the cache of images', description: `Freed ${formatBytes(freedBytes)}.`, kind: 'done' });
    } catch (error) {
      toastProblem(error);
    } finally {
      setBusy(false);
    }
  }
  useCommands(
    () =>
      bytes > 0
        ? [
            {
              id: 'images:clear-cache',
              label: 'Clear the cache of images',
              group: 'view',
              icon: 'trash',
              run: () => void clear(),
            },
          ]
        : [],
    [bytes > 0],
  );

  if (bytes === 0) {
    return null;
  }
  return (
    <Button kind="quiet" icon="trash" busy={busy} onClick={() => void clear()}>
      <span title="Layers of replaced images. Builds for their platforms do not fetch them again. They are deleted after 7 days, or when space is short.">
        Clear {formatBytes(bytes)} of cache
      </span>
    </Button>
  );
}
