import { useEffect, useState } from 'react';
import { formatBytes } from '../../../shared/format.ts';
import { type DamagedImage, damagedImageProblem } from '../../../shared/image.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { clearCache, readDamagedImages, removeImage, useImages } from '../../stores/images.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import styles from './Images.module.css';

/**
 * Warns of damaged images, which are not in the list, each with buttons that repair and delete it. Nothing if there are none.
 * @param onRepair called with the reference of the image, or undefined for what has none
 */
export function DamagedImages({ onRepair }: { onRepair: (reference: string | undefined) => void }) {
  const lists = useImages((state) => state.lists);
  const [damaged, setDamaged] = useState<readonly DamagedImage[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the damaged images change together with the images
  useEffect(() => {
    let isCurrent = true;
    readDamagedImages().then((now) => isCurrent && setDamaged(now), toastProblem);
    return () => {
      isCurrent = false;
    };
  }, [lists]);

  async function remove({ reference }: DamagedImage): Promise<void> {
    try {
      const freedBytes = await (reference === undefined ? clearCache() : removeImage(reference));
      toast({
        title: reference === undefined ? 'Cleared the cache of images' : `Deleted ${reference}`,
        description: `Freed ${formatBytes(freedBytes)}.`,
        kind: 'done',
      });
      setDamaged(await readDamagedImages());
    } catch (error) {
      toastProblem(error);
    }
  }

  return damaged.length === 0 ? null : (
    <div className={styles.damaged}>
      {damaged.map((image, index) => (
        <ProblemNote
          // biome-ignore lint/suspicious/noArrayIndexKey: what is kept for later builds has no name
          key={`${image.reference} ${index}`}
          problem={damagedImageProblem(image)}
          warning
          actions={
            <>
              <Button size="small" icon="refresh" onClick={() => onRepair(image.reference)}>
                Repair…
              </Button>
              <Button size="small" icon="trash" onClick={() => void remove(image)}>
                {image.reference === undefined ? 'Clear the cache' : `Delete ${image.reference}`}
              </Button>
            </>
          }
        />
      ))}
    </div>
  );
}
