import { formatBytes } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useImageDetails } from '../../stores/local-images.ts';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './Image.module.css';
import type { ImageSectionProps } from './section-props.ts';

/** The steps that made the image of a platform, the first one first, each with its layer. */
export function HistorySection({ reference, list, platform }: ImageSectionProps) {
  const { details, problem } = useImageDetails(list, platform);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  if (!details) {
    return <Waiting>Loading history</Waiting>;
  }
  if (details.history.length === 0) {
    return <p className={styles.quiet}>The image does not say how it was made.</p>;
  }
  return (
    <>
      {details.notes.map((note) => (
        <p key={note} className={styles.note}>
          {note}
        </p>
      ))}
      <table className={styles.steps} aria-label="History">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Size</th>
            <th scope="col">Step</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {details.history.map(({ layer, size, command, comment, createdAt }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the steps of an image do not change
            <tr key={index} className={layer === undefined ? styles.emptyStep : undefined}>
              <td>
                {layer === undefined ? (
                  'none'
                ) : (
                  <a href={hrefOf({ view: 'image', reference, section: 'layers', platform })}>
                    <span className="visually-hidden">Layer </span>
                    {layer}
                  </a>
                )}
              </td>
              <td className={styles.number}>{size === undefined ? '' : formatBytes(size)}</td>
              <td className={styles.command}>
                <code>{command || comment || wordOf('unknown')}</code>
                {command && comment && <small>{comment}</small>}
              </td>
              <td className={styles.when}>{createdAt && <RelativeTime time={createdAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
