/** The sheet for a LinuxKit package: its tag, what it is built for, and what is done with what is there already. */
import { useEffect, useState } from 'react';
import type { CallInput, CallOutput } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/failure.ts';
import { formatList, formatPlatform } from '../../../shared/format.ts';
import type { Package } from '../../../shared/linuxkit.ts';
import type { Permission } from '../../../shared/recipe.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { startBuild } from '../../stores/builds.ts';
import { navigate } from '../../stores/navigation.ts';
import styles from './package.module.css';

interface PackageSheetProps {
  readonly folder: string;
  readonly onClose: () => void;
}

type Options = NonNullable<CallInput<'packages.describe'>['options']>;

/** How long nothing is typed before the package is read again, in milliseconds. */
const typingMs = 400;

export function PackageSheet({ folder, onClose }: PackageSheetProps) {
  const [options, setOptions] = useState<Options>({});
  const [read, setRead] = useState<{ readonly options: Options; readonly found: CallOutput<'packages.describe'> }>();
  const [problem, setProblem] = useState<Problem>();
  const [isStarting, setStarting] = useState(false);
  const isReading = read?.options !== options && problem === undefined;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      call('packages.describe', { folders: [folder], options }, { signal }).then(
        (found) => {
          setRead({ options, found });
          setProblem(undefined);
        },
        (error: unknown) => signal.aborted || setProblem(problemOf(error)),
      );
    }, typingMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [folder, options]);

  const change = (values: Partial<Options>): void => setOptions((before) => ({ ...before, ...values }));
  const shown = read?.found.packages[0];
  const image = read?.found.images[0];
  const permissions = read?.found.permissions ?? [];
  const isDirty = shown?.contentTag.isDirty ?? false;
  const notReady =
    permissions.length > 0
      ? 'Allow what the package needs first.'
      : shown && !image
        ? 'It has no platforms to build.'
        : isDirty && options.push
          ? 'Commit the changed files, or build without a push.'
          : undefined;

  async function run(): Promise<void> {
    if (!image) {
      return;
    }
    setStarting(true);
    try {
      const { id } = await startBuild(image.request);
      navigate({ view: 'build', id });
    } catch (error) {
      setProblem(problemOf(error));
      setStarting(false);
    }
  }

  return (
    <Sheet
      title="Build a LinuxKit package"
      description={folder}
      onClose={onClose}
      footerStart={notReady}
      footer={
        <Button
          kind="primary"
          size="large"
          busy={isStarting}
          disabled={!image || isReading || problem !== undefined || notReady !== undefined}
          onClick={() => void run()}
        >
          {options.push ? 'Build and push' : 'Build'}
        </Button>
      }
    >
      {problem && <ProblemNote problem={problem} />}
      {!shown && !problem && <Waiting>Reading the package</Waiting>}
      {shown && <Facts shown={shown} />}
      <Permissions permissions={permissions} onAllow={(allow) => change({ allow })} />
      <TextField
        label="Organization"
        optional
        mono
        description="Instead of that of build.yml. With a registry: registry.example.com/team"
        value={options.org ?? ''}
        onChange={(org) => change({ org: org.trim() || undefined })}
      />
      <Checkbox
        label="Build it although it is there"
        description="Otherwise, platforms that local storage or the registry has under this tag are not built."
        checked={options.force ?? false}
        onChange={(force) => change({ force, ...(force ? { pull: false } : {}) })}
      />
      <Checkbox
        label="Pull what only the registry has"
        checked={options.pull ?? false}
        disabled={options.force ?? false}
        onChange={(pull) => change({ pull })}
      />
      <Checkbox
        label="Let steps use the network"
        description="build.yml says whether they may. This lets them in any case."
        checked={options.network ?? false}
        onChange={(network) => change({ network: network || undefined })}
      />
      <Checkbox
        label="Push when done"
        description="The registry keeps the images of other platforms that have the same tag."
        checked={options.push !== undefined}
        onChange={(push) => change(push ? { push: {} } : { push: undefined, release: undefined, archTags: undefined })}
      />
      {options.push && (
        <div className={styles.push}>
          <TextField
            label="Release tag"
            optional
            mono
            description="The list also gets this tag. One that refers to another image is never changed."
            value={options.release ?? ''}
            onChange={(release) => change({ release: release.trim() || undefined })}
          />
          <Checkbox
            label="Tag each platform, too"
            checked={options.archTags ?? false}
            onChange={(archTags) => change({ archTags })}
          />
        </div>
      )}
    </Sheet>
  );
}

function Facts({ shown: { reference, contentTag, platforms, notes } }: { shown: Package }) {
  return (
    <section className={styles.facts} aria-label="Image">
      <div className={styles.reference}>
        <Copyable text={reference} shown={reference} what="reference" />
        {contentTag.isDirty && <span className={styles.dirty}>dirty</span>}
      </div>
      <span className={styles.note}>
        {platforms.length === 0 ? 'No platforms' : `For ${formatList(platforms.map(formatPlatform))}`}
      </span>
      {notes.map((note) => (
        <p key={note} className={styles.note}>
          {note}
        </p>
      ))}
    </section>
  );
}

function Permissions({
  permissions,
  onAllow,
}: {
  permissions: readonly Permission[];
  onAllow: (allow: string[]) => void;
}) {
  return permissions.length === 0 ? null : (
    <section className={styles.facts} aria-label="Permissions">
      <h3>The package needs more than its repository</h3>
      <ul>
        {permissions.map(({ path = '', reason }) => (
          <li key={path}>
            {path} <span className={styles.note}>({reason})</span>
          </li>
        ))}
      </ul>
      <div>
        <Button onClick={() => onAllow(permissions.map(({ kind, path = '' }) => `${kind}=${path}`))}>Allow</Button>
      </div>
    </section>
  );
}
