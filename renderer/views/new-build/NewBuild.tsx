/** New build: the sheet that prepares a build. */

import { useRef } from 'react';
import type { BuildEntry } from '../../../shared/build-entry.ts';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useOpenBuild } from '../../stores/builds.ts';
import { useConnections } from '../../stores/connections.ts';
import { navigate } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import { useFolderDrop } from '../farm/use-folder-drop.ts';
import { useProjectChooser } from '../farm/use-project-chooser.tsx';
import { ContextSection } from './ContextSection.tsx';
import { setPin } from './draft.ts';
import { FarmSelect } from './FarmSelect.tsx';
import styles from './NewBuild.module.css';
import { NoProject } from './NoProject.tsx';
import { OptionsSection } from './OptionsSection.tsx';
import { PlatformSection } from './PlatformSection.tsx';
import { ProjectSection } from './ProjectSection.tsx';
import { ReferenceSection } from './ReferenceSection.tsx';
import { describePlatforms } from './readiness.ts';
import { referenceError } from './reference.ts';
import { ScheduleSection } from './ScheduleSection.tsx';
import { type NewBuildStart, useNewBuild } from './use-new-build.ts';

type NewBuildProps = NewBuildStart & { readonly onClose: () => void };

/** The sheet for a new build: project, image name, platforms, build plan and options, all with defaults. */
export function NewBuild({ onClose, ...start }: NewBuildProps) {
  const hasConnections = useConnections((state) => state.connections.length > 0);
  // the key resets the form when the route changes
  // a rebuild begins with the settings of its build
  const { build, problem } = useOpenBuild(start.from);
  if (hasConnections && start.from !== undefined && !build && !problem) {
    return (
      <Sheet title="New build" onClose={onClose}>
        <Waiting>Loading build</Waiting>
      </Sheet>
    );
  }
  return hasConnections ? (
    <BuildForm key={JSON.stringify(start)} start={start} onClose={onClose} />
  ) : (
    <Sheet title="New build" onClose={onClose}>
      <EmptyState
        icon="node"
        title="No nodes yet"
        actions={
          <Button kind="primary" onClick={() => navigate({ view: 'first-start' })}>
            Add nodes
          </Button>
        }
      >
        Add an engine first, on this computer or on a machine that you can reach over SSH.
      </EmptyState>
    </Sheet>
  );
}

function BuildForm({ start, onClose }: { start: NewBuildStart; onClose: () => void }) {
  const form = useNewBuild(start);
  const { draft, change, projectState, reference, selected, nodes, preview, notReady, isStarting, request } = form;
  const { context } = draft;
  const { project } = projectState;
  const referenceInput = useRef<HTMLInputElement>(null);
  const chooser = useProjectChooser(form.changeProject);
  const isDraggingOver = useFolderDrop(chooser.openDropped);

  function run(): void {
    if (referenceError(reference)) {
      referenceInput.current?.focus();
    }
    void form.run();
  }

  useCommands(
    () => [
      {
        id: 'new-build:start',
        label: `Start build of ${formatReferenceShort(reference)}`,
        group: 'Current view',
        icon: 'play',
        shortcut: 'Mod+Enter',
        run,
      },
    ],
    [reference, JSON.stringify(request), notReady, isStarting],
  );

  const [last] = form.pastBuilds;
  return (
    <Sheet
      title="New build"
      onClose={onClose}
      keepOpen={form.isTouched}
      {...(context === undefined ? {} : { initialFocus: referenceInput })}
      footerStart={notReady ?? (request && describePlatforms(selected, preview.isLoading || nodes.unknown.length > 0))}
      footer={
        <Button
          kind="primary"
          size="large"
          shortcut="Mod+Enter"
          busy={isStarting}
          disabled={notReady !== undefined}
          onClick={run}
        >
          Build
        </Button>
      }
    >
      {context === undefined ? (
        <NoProject onChoose={() => chooser.choose()} onSample={chooser.openSample} onProject={form.changeProject} />
      ) : (
        <>
          <ProjectSection
            context={context}
            file={draft.file}
            state={projectState}
            onChange={() => chooser.choose(context)}
            onFile={(file) => change({ file })}
          >
            <FarmSelect
              farm={form.farmName}
              connections={draft.connections}
              onSelect={(farm) => change({ farm, connections: undefined, pins: {} })}
            />
          </ProjectSection>
          {project && last && !form.isTouched && start.from === undefined && (
            <LastBuild build={last} onUseSettings={() => void form.applyLastSettings().catch(toastProblem)} />
          )}
          {!projectState.problem && (
            <ReferenceSection
              input={referenceInput}
              value={reference}
              suggestions={form.suggestions}
              onChange={(text) => change({ reference: text })}
            />
          )}
          {project && (
            <>
              {form.members.length === 0 ? (
                <ProblemNote
                  problem={{
                    code: 'farm.empty',
                    message: `Farm ${form.farmName ?? ''} has no nodes.`,
                    fix: 'Add connections to it, or choose another farm.',
                  }}
                />
              ) : (
                <>
                  <PlatformSection
                    coverage={nodes.coverage}
                    offered={form.offered}
                    selected={selected}
                    emulate={draft.emulate}
                    reasons={Object.fromEntries(
                      form.unassigned.map(({ platform, problem }) => [platform, problem.message]),
                    )}
                    onSelect={(platforms) => change({ platforms })}
                    onAdd={form.addPlatform}
                  />
                  <ScheduleSection
                    preview={preview}
                    platforms={selected}
                    nodes={nodes.up}
                    nodeCount={form.members.length}
                    emulate={draft.emulate}
                    pins={draft.pins}
                    onPin={(platform, node) => change({ pins: setPin(draft.pins, platform, node) })}
                    onSkip={(skipped) =>
                      change({ platforms: selected.filter((platform) => !skipped.includes(platform)) })
                    }
                  />
                </>
              )}
              <div className={styles.collapsibles}>
                <ContextSection project={project} />
                <OptionsSection draft={draft} project={project} onChange={change} />
              </div>
            </>
          )}
        </>
      )}
      {form.problem && (
        <div ref={scrollIntoView}>
          <ProblemNote problem={form.problem} />
        </div>
      )}
      {isDraggingOver && <div className={styles.dropHint}>Drop to build this folder</div>}
      {chooser.dialog}
    </Sheet>
  );
}

function LastBuild({ build, onUseSettings }: { build: BuildEntry; onUseSettings: () => void }) {
  return (
    <p className={styles.lastBuild}>
      Last built <RelativeTime time={build.createdAt} /> for {formatCount(build.jobs.length, 'platform')}.
      <Button size="small" kind="quiet" onClick={onUseSettings}>
        Use its settings
      </Button>
    </p>
  );
}

/** The problem is at the end of the sheet, which may be out of sight. */
function scrollIntoView(note: HTMLElement | null): void {
  note?.scrollIntoView({ block: 'nearest' });
}
