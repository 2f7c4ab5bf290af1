/** The sheet for a LinuxKit package: its tag, what it is built for, and what is done with what is there already. */
import { useEffect, useState } from 'react';
import type { CallInput, CallOutput } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/failure.ts';
import { formatList, formatPlatform } from '../../../shared/format.ts';
import type { Package } from '../../../shared/linuxkit.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { Permission } from '../../../shared/recipe.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { Field } from '../../parts/Field.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { startBuild } from '../../stores/builds.ts';
import { useFarms } from '../../stores/farms.ts';
import { navigate } from '../../stores/navigation.ts';
import { CollapsibleSection } from '../new-build/CollapsibleSection.tsx';
import { FarmSelect } from '../new-build/FarmSelect.tsx';
import styles from './package.module.css';

interface PackageSheetProps {
  readonly folder: string;
  readonly force?: boolean | undefined;
  readonly onClose: () => void;
}

type Options = NonNullable<CallInput<'packages.describe'>['options']>;

/** How long nothing is typed before the package is read again, in milliseconds. */
const typingMs = 400;

export function PackageSheet({ folder, force, onClose }: PackageSheetProps) {
  const [options, setOptions] = useState<Options>(force ? { force } : {});
  const [read, setRead] = useState<{ readonly options: Options; readonly found: CallOutput<'packages.describe'> }>();
  const [problem, setProblem] = useState<Problem>();
  const [isStarting, setStarting] = useState(false);
  const defaultFarm = useFarms((state) => state.default);
  const [farm, setFarm] = useState<string>();
  /** The platforms of build.yml. */
  const [own, setOwn] = useState<readonly Platform[]>([]);
  const isReading = read?.options !== options && problem === undefined;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      call('packages.describe', { folders: [folder], options }, { signal }).then(
        (found) => {
          setRead({ options, found });
          setProblem(undefined);
          if ((options.skipPlatforms ?? []).length === 0) {
            setOwn(found.packages[0]?.platforms ?? []);
          }
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
      const { id } = await startBuild({ ...image.request, ...(farm === undefined ? {} : { farm }) });
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
          reason={notReady}
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
      <FarmSelect farm={farm ?? defaultFarm} connections={undefined} onSelect={setFarm} />
      <TextField
        label="Organization"
        optional
        mono
        description="Instead of that of build.yml. With a registry: registry.example.com/team"
        value={options.org ?? ''}
        onChange={(org) => change({ org: org.trim() || undefined })}
      />
      {own.length > 1 && (
        <Platforms
          all={own}
          skipped={options.skipPlatforms ?? []}
          onChange={(skipPlatforms) => change({ skipPlatforms })}
        />
      )}
      <Field
        label="What is there already"
        description="Platforms that local storage or the registry has under this tag."
      >
        <div>
          <Segmented
            label="What is there already"
            value={existingOf(options)}
            options={existingChoices}
            onChange={(choice) => change({ force: choice === 'force', pull: choice === 'pull' })}
          />
        </div>
      </Field>
      <Checkbox
        label="Let steps use the network"
        description="build.yml says whether they may. This lets them in any case."
        checked={options.network ?? false}
        onChange={(network) => change({ network: network || undefined })}
      />
      <Checkbox
        label="Load into the docker of this computer"
        description="The image for this computer gets the tag, others have their architecture at its end."
        checked={options.docker ?? false}
        onChange={(docker) => change({ docker })}
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
            description="As in NAME:TAG-amd64."
            checked={options.archTags ?? false}
            onChange={(archTags) => change({ archTags })}
          />
        </div>
      )}
      <CollapsibleSection title="More options" summary={moreText(options)}>
        <Checkbox
          label="Build without cache"
          checked={options.disableCache ?? false}
          onChange={(disableCache) => change({ disableCache: disableCache || undefined })}
        />
        <Checkbox
          label="Pull base images that are in local storage"
          description="Otherwise, images of local storage that the Dockerfile names are used."
          checked={options.ignoreCached ?? false}
          onChange={(ignoreCached) => change({ ignoreCached })}
        />
        <TextField
          label="Dockerfile"
          optional
          mono
          description="Instead of that of build.yml, in the folder of the package."
          value={options.dockerfile ?? ''}
          onChange={(dockerfile) => change({ dockerfile: dockerfile.trim() || undefined })}
        />
        <TextField
          label="Tag"
          optional
          mono
          placeholder="{{.Hash}}"
          description="Instead of that of build.yml. {{.Hash}} stands for the hash of the folder."
          value={options.tag ?? ''}
          onChange={(tag) => change({ tag: tag.trim() || undefined })}
        />
      </CollapsibleSection>
    </Sheet>
  );
}

const existingChoices = [
  { value: 'skip', label: 'Skip' },
  { value: 'pull', label: 'Pull' },
  { value: 'force', label: 'Build again' },
] as const;

function existingOf({ force, pull }: Options): (typeof existingChoices)[number]['value'] {
  return force ? 'force' : pull ? 'pull' : 'skip';
}

function moreText({ disableCache, ignoreCached, dockerfile, tag }: Options): string {
  const changed = [disableCache, ignoreCached, dockerfile, tag].filter(Boolean).length;
  return changed === 0 ? 'As build.yml says' : `${changed} changed`;
}

interface PlatformsProps {
  readonly all: readonly Platform[];
  readonly skipped: readonly string[];
  readonly onChange: (skipped: Platform[]) => void;
}

/** At least one of them is built. */
function Platforms({ all, skipped, onChange }: PlatformsProps) {
  const isLast = skipped.length === all.length - 1;
  return (
    <fieldset className={styles.platforms}>
      <legend>Platforms</legend>
      {all.map((platform) => {
        const isBuilt = !skipped.includes(platform);
        return (
          <Checkbox
            key={platform}
            label={formatPlatform(platform)}
            checked={isBuilt}
            disabled={isBuilt && isLast}
            onChange={(checked) =>
              onChange(all.filter((each) => (each === platform ? !checked : skipped.includes(each))))
            }
          />
        );
      })}
    </fieldset>
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
