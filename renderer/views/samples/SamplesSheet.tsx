/** The sheet with the sample projects. Choosing one writes it and opens what builds it. */
import { useState } from 'react';
import { type SampleName, sampleNames, samples } from '../../../shared/samples.ts';
import { call } from '../../api.ts';
import { Icon } from '../../parts/Icon.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { useFarms } from '../../stores/farms.ts';
import { navigate, openSheet, type Sheet as SheetRoute } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './samples.module.css';

export function SamplesSheet({ onClose }: { readonly onClose: () => void }) {
  const [writing, setWriting] = useState<SampleName>();

  async function open(name: SampleName): Promise<void> {
    setWriting(name);
    try {
      const { context } = await call('projects.sample', { name });
      const { farms, default: farm = farms[0]?.name } = useFarms.getState();
      if (farm === undefined && samples[name].kind === 'build') {
        navigate({ view: 'first-start', project: context });
      } else {
        openSheet(sheetOf(name, context, farm));
      }
    } catch (error) {
      toastProblem(error);
      setWriting(undefined);
    }
  }

  return (
    <Sheet
      title="Try a sample"
      description="Small projects that show what Barnraiser is for. The one that you choose is written to the data folder, and you can build it at once."
      onClose={onClose}
    >
      <ul className={styles.samples}>
        {sampleNames.map((name) => (
          <li key={name}>
            <button
              type="button"
              className={styles.sample}
              disabled={writing !== undefined}
              aria-busy={writing === name}
              onClick={() => void open(name)}
            >
              <Icon name="package" />
              <span className={styles.title}>{samples[name].title}</span>
              <span className={styles.text}>{samples[name].text}</span>
            </button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

/** The sheet that builds a sample. */
function sheetOf(name: SampleName, folder: string, farm: string | undefined): SheetRoute {
  const { kind } = samples[name];
  if (kind === 'bake') {
    return { sheet: 'bake', folder };
  }
  if (kind === 'package') {
    return { sheet: 'package', folder, force: true };
  }
  return { sheet: 'new-build', context: folder, ...(farm === undefined ? {} : { farm }) };
}
