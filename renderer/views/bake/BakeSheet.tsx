/** The sheet for several images: what the files of a project describe, which of it is built, and what is left out. */
import { useEffect, useState } from 'react';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { type BakeDescription, type BakeImage, type LeftOut, permissionText } from '../../../shared/recipe.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { navigate } from '../../stores/navigation.ts';
import styles from './bake.module.css';

interface BakeSheetProps {
  readonly folder: string;
  readonly onClose: () => void;
}

export function BakeSheet({ folder, onClose }: BakeSheetProps) {
  const [allow, setAllow] = useState<readonly string[]>([]);
  const [left, setLeft] = useState<readonly string[]>([]);
  /** Chosen besides the group `default`. */
  const [added, setAdded] = useState<readonly string[]>([]);
  const [pushes, setPushes] = useState(false);
  const [isReading, setReading] = useState(true);
  const [description, setDescription] = useState<BakeDescription>();
  const [problem, setProblem] = useState<Problem>();
  const [isStarting, setStarting] = useState(false);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const targets = added.length > 0 ? { targets: ['default', ...added] } : {};
    setReading(true);
    call('recipes.describe', { folder, allow: [...allow], push: pushes, ...targets }, { signal })
      .then(
        (value) => {
          setDescription(value);
          setProblem(undefined);
        },
        (error: unknown) => signal.aborted || setProblem(problemOf(error)),
      )
      .finally(() => signal.aborted || setReading(false));
    return () => controller.abort();
  }, [folder, allow, added, pushes]);

  const images = description ? chosenImages(description.images, left) : [];
  const permissions = description?.permissions ?? [];
  const names = description?.images.map(({ name }) => name) ?? [];
  const others = description?.targets.filter((name) => !names.includes(name)) ?? [];
  const notReady =
    permissions.length > 0
      ? 'Allow what the files need first.'
      : images.length === 0 && description
        ? 'Choose an image.'
        : undefined;

  async function run(): Promise<void> {
    setStarting(true);
    try {
      const { id } = await call('bakes.start', { project: folder, images: [...images] });
      navigate({ view: 'bake', id });
    } catch (error) {
      setProblem(problemOf(error));
      setStarting(false);
    }
  }

  return (
    <Sheet
      title="Build several images"
      description={description && `${folder}: ${description.files.join(', ')}`}
      onClose={onClose}
      footerStart={notReady ?? (description && formatCount(images.length, 'image'))}
      footer={
        <Button
          kind="primary"
          size="large"
          busy={isStarting}
          disabled={!description || isReading || problem !== undefined || notReady !== undefined}
          reason={notReady}
          onClick={() => void run()}
        >
          Build
        </Button>
      }
    >
      {problem && <ProblemNote problem={problem} />}
      {!description && !problem && <Waiting>Reading the files</Waiting>}
      {description && (
        <>
          {permissions.length > 0 && (
            <section className={styles.section} aria-label="Permissions">
              <h3 className={styles.heading}>The files need more than the project</h3>
              <ul>
                {permissions.map((permission) => (
                  <li key={permissionText(permission)}>
                    {permission.path ?? permissionText(permission)}
                    <span className={styles.note}> ({permission.reason})</span>
                  </li>
                ))}
              </ul>
              <div>
                <Button onClick={() => setAllow(permissions.map(permissionText))}>Allow</Button>
              </div>
            </section>
          )}
          <section className={styles.section} aria-label="Images">
            <div className={styles.list}>
              {description.images.map((image) => (
                <ImageRow
                  key={image.name}
                  image={image}
                  isChosen={images.includes(image)}
                  isNeeded={images.some(
                    (other) => other !== image && Object.values(other.depends).includes(image.name),
                  )}
                  onChoose={(isChosen) =>
                    setLeft(isChosen ? left.filter((name) => name !== image.name) : [...left, image.name])
                  }
                />
              ))}
            </div>
            <OtherTargets names={others} onAdd={(name) => setAdded([...added, name])} />
          </section>
          <Checkbox
            label="Push when done"
            description="Each image is pushed to the registry that its name has. Signs in with the login that podman or docker has saved."
            checked={pushes}
            onChange={setPushes}
          />
          <LeftOutList leftOut={description.leftOut} />
          <Variables environment={description.environment} />
        </>
      )}
    </Sheet>
  );
}

/** The targets that are built only if they are chosen. */
function OtherTargets({ names, onAdd }: { names: readonly string[]; onAdd: (name: string) => void }) {
  return names.length === 0 ? null : (
    <div className={styles.others}>
      <span className={styles.note}>Not in the default group:</span>
      {names.map((name) => (
        <Button key={name} size="small" kind="quiet" icon="plus" onClick={() => onAdd(name)}>
          <span className="visually-hidden">Add </span>
          {name}
        </Button>
      ))}
    </div>
  );
}

/** All that were not left out, and what they depend on. */
function chosenImages(images: readonly BakeImage[], left: readonly string[]): BakeImage[] {
  const needed = new Set<string>();
  for (const image of [...images].reverse()) {
    if (!left.includes(image.name) || needed.has(image.name)) {
      Object.values(image.depends).forEach((name) => void needed.add(name));
    }
  }
  return images.filter(({ name }) => !left.includes(name) || needed.has(name));
}

interface ImageRowProps {
  readonly image: BakeImage;
  readonly isChosen: boolean;
  /** Another image depends on it. */
  readonly isNeeded: boolean;
  readonly onChoose: (isChosen: boolean) => void;
}

function ImageRow({ image: { name, description, request, depends }, isChosen, isNeeded, onChoose }: ImageRowProps) {
  const bases = [...new Set(Object.values(depends))];
  const args = Object.entries(request.buildArgs);
  return (
    <div className={styles.target}>
      <Checkbox label={name} description={description} checked={isChosen} disabled={isNeeded} onChange={onChoose} />
      <span className={styles.note}>{isNeeded ? 'needed by others' : ''}</span>
      <div className={styles.facts}>
        <span>{formatReferenceShort(request.reference)}</span>
        <span>{request.platforms?.join(', ') ?? 'all native platforms'}</span>
        {request.target !== undefined && <span>stage {request.target}</span>}
        {bases.length > 0 && <span>after {bases.join(', ')}</span>}
        {args.length > 0 && (
          <span>
            {args
              .map(([key, value]) => `${key}=${value}`)
              .join(' ')
              .slice(0, 200)}
          </span>
        )}
      </div>
    </div>
  );
}

function LeftOutList({ leftOut }: { leftOut: readonly LeftOut[] }) {
  return leftOut.length === 0 ? null : (
    <section className={styles.section} aria-label="Left out">
      <h3 className={styles.heading}>Left out</h3>
      <ul>
        {leftOut.map(({ target, field, file, line, reason }) => (
          <li key={`${target} ${field} ${line}`}>
            {field}
            {target !== undefined && ` of ${target}`}: {reason}.{' '}
            <span className={styles.note}>
              {file}, line {line}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Variables({ environment }: Pick<BakeDescription, 'environment'>) {
  const used = environment.filter(({ isSet }) => isSet);
  return used.length === 0 ? null : (
    <p className={styles.note}>From the environment: {used.map(({ name }) => name).join(', ')}.</p>
  );
}
