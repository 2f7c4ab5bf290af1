import { useMemo, useRef, useState } from 'react';
import { formatCount, formatList, formatReferenceShort } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Select } from '../../parts/Select.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { startBuild, useBuilds } from '../../stores/builds.ts';
import { useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { navigate, type Sheet as SheetPlace } from '../../stores/navigation.ts';
import { useFolderDrop } from '../farm/folder-drop.ts';
import { useProjectChooser } from '../farm/ProjectChooser.tsx';
import { folderName } from '../farm/recent-projects.ts';
import { useNodesOf } from '../farm/use-nodes-of.ts';
import { Assignments } from './Assignments.tsx';
import { ContextSection } from './ContextSection.tsx';
import { type Draft, draftOf, emptyDraft, pairError, requestOf, withPin } from './draft.ts';
import styles from './NewBuild.module.css';
import { OptionsSection } from './OptionsSection.tsx';
import { PlatformSection } from './PlatformSection.tsx';
import { NoProject, ProjectSection } from './ProjectSection.tsx';
import { ReferenceSection, referenceError } from './ReferenceSection.tsx';
import { suggestReferences } from './reference.ts';
import { usePreview } from './use-preview.ts';
import { useProject } from './use-project.ts';

type NewBuildProps = Omit<Extract<SheetPlace, { sheet: 'new-build' }>, 'sheet'> & { readonly onClose: () => void };

/** A build from its project to the button that starts it: one column, everything with an answer already. */
export function NewBuild({ onClose, ...start }: NewBuildProps) {
  // another start is another build: nothing of the last one may stay
  return <BuildForm key={JSON.stringify(start)} {...start} onClose={onClose} />;
}

function firstDraft({ farm, context, from, platforms }: Omit<NewBuildProps, 'onClose'>): Draft {
  const request = from === undefined ? undefined : useBuilds.getState().byId[from]?.request;
  const draft = request ? draftOf(request) : emptyDraft;
  return {
    ...draft,
    ...(farm === undefined ? {} : { farm, connections: undefined }),
    ...(context === undefined ? {} : { context }),
    ...(platforms === undefined ? {} : { platforms }),
  };
}

function BuildForm({ onClose, ...start }: NewBuildProps) {
  const [draft, setDraft] = useState(() => firstDraft(start));
  const [touched, setTouched] = useState(false);
  const [asked, setAsked] = useState<readonly Platform[]>(start.platforms ?? draft.platforms ?? []);
  const [starting, setStarting] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const referenceInput = useRef<HTMLInputElement>(null);

  function change(next: Partial<Draft>): void {
    setTouched(true);
    setProblem(undefined);
    setDraft((before) => ({ ...before, ...next }));
  }
  /** Another project: what belongs to the last one goes, where it is built stays. */
  function takeProject(context: string): void {
    change(
      context === draft.context
        ? {}
        : { ...emptyDraft, farm: draft.farm, connections: draft.connections, platforms: draft.platforms, context },
    );
  }

  const farms = useFarms((state) => state.farms);
  const standardFarm = useFarms((state) => state.default);
  const connections = useConnections((state) => state.connections);
  const farmName = draft.connections ? undefined : (draft.farm ?? standardFarm);
  const members = useMemo(
    () =>
      draft.connections ??
      farms.find(({ name }) => name === farmName)?.connections ??
      connections.map(({ name }) => name),
    [draft.connections, farms, farmName, connections],
  );
  const nodes = useNodesOf(members);

  const { context } = draft;
  const state = useProject(context, draft.file);
  const { project } = state;
  const order = useBuilds((builds) => builds.order);
  const past = useMemo(() => {
    const { byId } = useBuilds.getState();
    const contexts = new Set([context, project?.context]);
    return order.flatMap((id) => {
      const build = byId[id];
      return build && contexts.has(build.request.context) ? [build] : [];
    });
  }, [order, context, project?.context]);
  const suggestions = useMemo(
    () => suggestReferences(past, project?.name ?? folderName(context ?? '')),
    [past, project?.name, context],
  );
  const reference = draft.reference ?? suggestions.first;

  const native = nodes.coverage.filter(({ isDefault }) => isDefault).map(({ platform }) => platform);
  const chosen = draft.platforms ?? native;
  const covered = nodes.coverage.map(({ platform }) => platform);
  const offered = [...new Set([...covered, ...asked, ...chosen])];

  const request = context === undefined ? undefined : requestOf(draft, context, reference, chosen);
  const isNothingChosen = draft.platforms !== undefined && chosen.length === 0;
  const preview = usePreview(project && !state.problem && members.length > 0 && !isNothingChosen ? request : undefined);
  const holes = (preview.schedule?.unassigned ?? []).filter(({ platform }) => chosen.includes(platform));
  const reasons = Object.fromEntries(holes.map(({ platform, problem: why }) => [platform, why.message]));

  const chooser = useProjectChooser(takeProject);
  const isOver = useFolderDrop(chooser.takeDropped);

  const hindrance = firstHindrance({
    project: project !== undefined && !state.problem,
    reference: referenceError(reference),
    chosen: chosen.length > 0 || (nodes.coverage.length === 0 && !isNothingChosen),
    // nodes that nobody has asked yet may change it
    holes: preview.busy ? [] : holes.map(({ platform }) => platform),
    pairs: [draft.buildArgs, draft.labels].some((pairs) => pairs.some((pair) => pairError(pair, pairs))),
  });

  async function run(): Promise<void> {
    if (!request || hindrance || starting) {
      if (referenceError(reference)) {
        referenceInput.current?.focus();
      }
      return;
    }
    setStarting(true);
    setProblem(undefined);
    try {
      const build = await startBuild({ ...request, reference: reference.trim() });
      navigate({ view: 'build', id: build.id });
    } catch (error) {
      setProblem(problemOf(error));
      setStarting(false);
    }
  }

  useCommands(
    () => [
      {
        id: 'new-build:start',
        label: `Start the build of ${formatReferenceShort(reference)}`,
        group: 'Here',
        icon: 'play',
        shortcut: 'Mod+Enter',
        run: () => void run(),
      },
    ],
    [reference, JSON.stringify(request), hindrance, starting],
  );

  if (connections.length === 0) {
    return (
      <Sheet title="New build" onClose={onClose}>
        <EmptyState
          icon="node"
          title="Nothing can build yet"
          actions={
            <Button kind="primary" onClick={() => navigate({ view: 'first-start' })}>
              Find what can build
            </Button>
          }
        >
          Add an engine first: on this computer, or on a machine that you reach by SSH.
        </EmptyState>
      </Sheet>
    );
  }

  const [last] = past;
  return (
    <Sheet
      title="New build"
      onClose={onClose}
      keepOpen={touched}
      {...(context === undefined ? {} : { initialFocus: referenceInput })}
      footerStart={hindrance ?? (request && summary(chosen, nodes.unknown, preview.busy))}
      footer={
        <Button
          kind="primary"
          size="large"
          shortcut="Mod+Enter"
          busy={starting}
          disabled={hindrance !== undefined}
          onClick={() => void run()}
        >
          Build
        </Button>
      }
    >
      {context === undefined ? (
        <NoProject onChoose={() => chooser.choose()} onSample={chooser.trySample} onProject={takeProject} />
      ) : (
        <>
          <ProjectSection
            context={context}
            file={draft.file}
            state={state}
            onChange={() => chooser.choose(context)}
            onFile={(file) => change({ file })}
          >
            {(farms.length > 1 || draft.connections) && (
              <Select
                label="Farm"
                value={draft.connections ? theseNodes : farmName}
                options={[
                  ...(draft.connections
                    ? [{ value: theseNodes, label: formatList(draft.connections), hint: 'As in that build' }]
                    : []),
                  ...farms.map(({ name, connections: all }) => ({
                    value: name,
                    label: name,
                    hint: formatCount(all.length, 'node'),
                  })),
                ]}
                onChange={(farm) => {
                  if (farm !== theseNodes) {
                    change({ farm, connections: undefined, pins: {} });
                  }
                }}
              />
            )}
          </ProjectSection>
          {project && last && !touched && start.from === undefined && (
            <p className={styles.again}>
              Last built <RelativeTime time={last.createdAt} /> for{' '}
              {formatCount(last.request.platforms?.length ?? last.jobs.length, 'platform')}.
              <Button
                size="small"
                kind="quiet"
                onClick={() => {
                  const before = draftOf(last.request);
                  setAsked(before.platforms ?? []);
                  change({ ...before, context, reference: draft.reference });
                }}
              >
                Use its settings
              </Button>
            </p>
          )}
          {!state.problem && (
            <ReferenceSection
              input={referenceInput}
              value={reference}
              suggestions={suggestions}
              onChange={(text) => change({ reference: text })}
            />
          )}
          {project && (
            <>
              {members.length === 0 ? (
                <ProblemNote
                  problem={{
                    code: 'farm.empty',
                    message: `Farm ${farmName ?? ''} has no nodes.`,
                    fix: 'Add connections to it, or choose another farm.',
                  }}
                />
              ) : (
                <>
                  <PlatformSection
                    coverage={nodes.coverage}
                    offered={offered}
                    chosen={chosen}
                    emulate={draft.emulate}
                    reasons={reasons}
                    onChoose={(platforms) => change({ platforms })}
                    onAdd={(platform) => {
                      setAsked((before) => [...before, platform]);
                      change({ platforms: [...chosen, platform] });
                    }}
                  />
                  <Assignments
                    preview={preview}
                    platforms={chosen}
                    nodes={nodes.up}
                    nodeCount={members.length}
                    emulate={draft.emulate}
                    pins={draft.pins}
                    onPin={(platform, node) => change({ pins: withPin(draft.pins, platform, node) })}
                    onLeaveOut={(out) => change({ platforms: chosen.filter((platform) => !out.includes(platform)) })}
                  />
                </>
              )}
              <div className={styles.folds}>
                <ContextSection project={project} />
                <OptionsSection draft={draft} project={project} onChange={change} />
              </div>
            </>
          )}
        </>
      )}
      {problem && (
        <div ref={scrollIntoView}>
          <ProblemNote problem={problem} />
        </div>
      )}
      {isOver && <div className={styles.held}>Let go to build this folder</div>}
      {chooser.dialog}
    </Sheet>
  );
}

/** What went wrong with the start stands at the end, which may be out of sight. */
function scrollIntoView(note: HTMLElement | null): void {
  note?.scrollIntoView({ block: 'nearest' });
}

/** The value of the farm's select that stands for nodes named one by one. */
const theseNodes = '#nodes';

interface Readiness {
  readonly project: boolean;
  readonly reference: string | undefined;
  readonly chosen: boolean;
  readonly holes: readonly string[];
  readonly pairs: boolean;
}

/** Why a build cannot be started yet, in a few words; undefined where it can. */
export function firstHindrance({ project, reference, chosen, holes, pairs }: Readiness): string | undefined {
  if (!project) {
    return 'Choose a project that has a Containerfile.';
  }
  if (reference !== undefined) {
    return 'The image needs a name that registries take.';
  }
  if (!chosen) {
    return 'Choose at least one platform.';
  }
  if (holes.length > 0) {
    return `Nobody can build ${holes.length > 2 ? `${holes.length} of the platforms` : formatList(holes)}.`;
  }
  return pairs ? 'An option is not complete.' : undefined;
}

function summary(chosen: readonly Platform[], unknown: readonly string[], busy: boolean): string {
  if (chosen.length === 0) {
    return busy || unknown.length > 0 ? 'For every platform that the nodes run' : '';
  }
  return `For ${formatCount(chosen.length, 'platform')}`;
}
