import { lazyPart } from '../../parts/lazy-part.tsx';
/** New build: the sheet that prepares a build. */

import { useRef, useState } from 'react';
import type { BuildEntry } from '../../../shared/build-entry.ts';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { isGitUrl } from '../../../shared/git-url.ts';
import type { ProblemAction } from '../../../shared/problem-action.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { isArchiveName } from '../../parts/folder-path.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { useOpenBuild } from '../../stores/builds.ts';
import { useConnections } from '../../stores/connections.ts';
import { navigate } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import { EquivalentDialog } from '../build-detail/EquivalentDialog.tsx';
import { useFolderDrop } from '../farm/use-folder-drop.ts';
import { useProjectChooser } from '../farm/use-project-chooser.tsx';
import { OutputsSection } from '../outputs/OutputsSection.tsx';
import { AutomaticSection } from './AutomaticSection.tsx';
import { ContainerfileErrors } from './ContainerfileErrors.tsx';
import { ContainerfileSection } from './ContainerfileSection.tsx';
import { ContextSection } from './ContextSection.tsx';
import { applyAction, setPin, toRelativePath, toSourceRequest } from './draft.ts';
import { FarmSelect } from './FarmSelect.tsx';
import { FileDialog } from './FileDialog.tsx';
import styles from './NewBuild.module.css';
import { NoProject } from './NoProject.tsx';
import { MissingMounts } from './options/MissingMounts.tsx';
import { OptionsSection } from './options/OptionsSection.tsx';
import { optionValue, setOption } from './options/option-draft.ts';
import { PlatformSection } from './PlatformSection.tsx';
import { ProjectSection } from './ProjectSection.tsx';
import { PushSection } from './PushSection.tsx';
import { choosePush } from './push-memory.ts';
import { RecipeSection } from './RecipeSection.tsx';
import { ReferenceSection } from './ReferenceSection.tsx';
import { describePlatforms } from './readiness.ts';
import { referenceError } from './reference.ts';
import { ScheduleSection } from './ScheduleSection.tsx';
import { type NewBuildStart, useNewBuild } from './use-new-build.ts';

const ScheduleDialog = lazyPart(async () => (await import('../schedules/ScheduleDialog.tsx')).ScheduleDialog);

type NewBuildProps = NewBuildStart & { readonly onClose: () => void };

/** The sheet for a new build: project, image name, platforms, build plan and options, all with defaults. */
export function NewBuild({ onClose, ...start }: NewBuildProps) {
  const hasConnections = useConnections((state) => state.connections.length > 0);
  // the key resets the form when the route changes
  // a rebuild begins with the settings of its build
  const { build, problem } = useOpenBuild(start.from);
  if (hasConnections && start.from !== undefined && !build && !problem) {
    return (
      <Sheet title="Rebuild" onClose={onClose}>
        <Waiting>Loading build</Waiting>
      </Sheet>
    );
  }
  return hasConnections ? (
    <BuildForm
      key={JSON.stringify(start)}
      title={build ? `Rebuild ${repositoryName(build.reference)}` : 'New build'}
      start={start}
      onClose={onClose}
    />
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

function BuildForm({ title, start, onClose }: { title: string; start: NewBuildStart; onClose: () => void }) {
  const form = useNewBuild(start);
  const { draft, change, projectState, reference, selected, nodes, preview, notReady, isStarting, request } = form;
  const { context } = draft;
  const { project } = projectState;
  const referenceInput = useRef<HTMLInputElement>(null);
  const chooser = useProjectChooser(form.changeProject);
  const isDraggingOver = useFolderDrop(chooser.openDropped);
  const [isTelling, setTelling] = useState(false);
  const [isScheduling, setScheduling] = useState(false);
  const [isChoosingFile, setChoosingFile] = useState(start.apply === 'choose-containerfile');
  const apply = ({ id }: ProblemAction): void => change((before) => applyAction(before, id));
  const handlers: ActionHandlers = {
    'allow-emulation': apply,
    'allow-platform-mismatch': apply,
    'use-docker-format': apply,
    'choose-containerfile': () => setChoosingFile(true),
  };

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
        group: 'view',
        icon: 'play',
        shortcut: shortcuts.submit.keys,
        run,
      },
    ],
    [reference, JSON.stringify(request), notReady, isStarting],
  );

  const [last] = form.pastBuilds;
  const emulate = optionValue(draft.options, 'emulate') === true;
  return (
    <Sheet
      title={title}
      onClose={onClose}
      keepOpen={form.isTouched}
      {...(context === undefined ? {} : { initialFocus: referenceInput })}
      footerStart={notReady ?? (request && describePlatforms(selected, preview.isLoading || nodes.unknown.length > 0))}
      footer={
        <>
          <Menu
            trigger={<IconButton icon="clock" label="Watch or schedule" disabled={notReady !== undefined} />}
            items={[
              {
                label: 'Watch',
                hint: 'Build now, and whenever a file of the project changes',
                icon: 'eye',
                disabled: context !== undefined && isGitUrl(context),
                run: () => void form.run('on-change'),
              },
              {
                label: 'Schedule…',
                hint: 'Build every night, for example',
                icon: 'clock',
                run: () => setScheduling(true),
              },
            ]}
          />
          <Button
            kind="primary"
            size="large"
            shortcut={shortcuts.submit.keys}
            busy={isStarting}
            reason={notReady}
            onClick={run}
          >
            Build
          </Button>
        </>
      }
    >
      {context === undefined ? (
        <NoProject onChoose={() => chooser.choose()} onProject={form.changeProject} />
      ) : (
        <>
          <ProjectSection
            context={context}
            file={draft.file}
            state={projectState}
            onChange={() => chooser.choose(context)}
            onFile={(file) => change({ file })}
            onChooseFile={() => setChoosingFile(true)}
            handlers={handlers}
          >
            <FarmSelect
              farm={form.farmName}
              connections={draft.connections}
              onSelect={(farm) => change({ farm, connections: undefined, pins: {} })}
            />
          </ProjectSection>
          {/* a repository or an archive has no folder of this computer to keep a recipe for */}
          {!isGitUrl(context) && !isArchiveName(context) && <RecipeSection folder={context} request={request} />}
          {project && !projectState.problem && (
            <ContainerfileErrors
              errors={project.errors}
              isLoading={projectState.isLoading}
              onReload={projectState.reload}
            />
          )}
          {project && last && !form.isTouched && start.from === undefined && (
            <LastBuild build={last} onUseSettings={() => void form.applyLastSettings().catch(toastProblem)} />
          )}
          {!projectState.problem && (
            <ReferenceSection
              input={referenceInput}
              value={reference}
              suggestions={form.suggestions}
              onChange={(text) => change({ reference: text })}
              isStored={!form.push.isOn || !form.push.direct}
            />
          )}
          {project && (
            <PushSection
              push={form.push}
              onChange={(values) => change({ push: choosePush(draft.push, values, reference) })}
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
                    optional={draft.optionalPlatforms}
                    emulate={emulate}
                    preview={preview}
                    onSelect={(platforms) => change({ platforms })}
                    onOptional={(optionalPlatforms) => change({ optionalPlatforms })}
                    onAdd={form.addPlatforms}
                  />
                  <ScheduleSection
                    preview={preview}
                    platforms={selected}
                    nodes={nodes.up}
                    nodeCount={form.members.length}
                    emulate={emulate}
                    pins={draft.pins}
                    onPin={(platform, node) => change({ pins: setPin(draft.pins, platform, node) })}
                    onSkip={(skipped) => form.skipPlatforms(skipped)}
                    handlers={handlers}
                  />
                </>
              )}
              <MissingMounts mounts={project.mounts} draft={draft} onChange={change} />
              <div className={styles.collapsibles}>
                <ContainerfileSection project={project} />
                {!(form.push.isOn && form.push.direct) && (
                  <OutputsSection
                    outputs={draft.options.outputs ?? []}
                    reference={reference}
                    platforms={selected}
                    onChange={(outputs) => change((before) => setOption(before, 'outputs', [...outputs]))}
                  />
                )}
                <ContextSection project={project} onIgnore={form.ignoreFiles} handlers={handlers} />
                <OptionsSection
                  draft={draft}
                  project={project}
                  nodes={nodes.up}
                  farm={form.farmName}
                  onChange={change}
                />
                <AutomaticSection
                  request={toSourceRequest(draft, context)}
                  project={project}
                  value={draft.automatic}
                  given={{
                    args: Object.keys(draft.options.buildArgs ?? {}),
                    labels: Object.keys(draft.options.labels ?? {}),
                  }}
                  onChange={(automatic) => change({ automatic })}
                />
              </div>
              {request && (
                <Button kind="quiet" icon="log" className={styles.elsewhere} onClick={() => setTelling(true)}>
                  Same command elsewhere…
                </Button>
              )}
            </>
          )}
        </>
      )}
      {form.problem && (
        <div ref={scrollIntoView}>
          <ProblemNote problem={form.problem} handlers={handlers} />
        </div>
      )}
      {isDraggingOver && <div className={styles.dropHint}>Drop to build this folder</div>}
      {chooser.dialog}
      {request && isScheduling && (
        <ScheduleDialog
          of={{ request: { ...request, reference: reference.trim() } }}
          onClose={() => setScheduling(false)}
        />
      )}
      {request && <EquivalentDialog open={isTelling} build={{ request }} onClose={() => setTelling(false)} />}
      {context !== undefined && (
        <FileDialog
          open={isChoosingFile}
          onClose={() => setChoosingFile(false)}
          start={context}
          onChoose={(path) => {
            setChoosingFile(false);
            change({ file: toRelativePath(context, path) });
          }}
        />
      )}
    </Sheet>
  );
}

/** `api` of `registry.example.com/team/api:1.4`. */
function repositoryName(reference: string): string {
  return formatReferenceShort(reference).replace(/[:@].*/, '');
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
