import { type ReactElement, useEffect, useMemo, useState } from 'react';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { Chip } from '../../parts/Chip.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { classes } from '../../parts/classes.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Page } from '../../parts/Page.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { useConnections } from '../../stores/connections.ts';
import { addNodes, makeDefault, probeNodes } from '../../stores/farm-actions.ts';
import { removeFarm, useFarm, useFarms } from '../../stores/farms.ts';
import { navigate, openSheet, replaceView, useNavigation } from '../../stores/navigation.ts';
import { probeUnknown, useNodes } from '../../stores/nodes.ts';
import { CoverageLine } from './Coverage.tsx';
import styles from './Farm.module.css';
import { useFolderDrop } from './folder-drop.ts';
import { Matrix } from './Matrix.tsx';
import { NodeCard } from './NodeCard.tsx';
import { NodeTiles } from './NodeTiles.tsx';
import { useProjectChooser } from './ProjectChooser.tsx';
import { ProjectDrop } from './ProjectDrop.tsx';
import { RenameFarm } from './RenameFarm.tsx';
import { type NodesOf, useNodesOf } from './use-nodes-of.ts';

/** A farm with more nodes than this shows them as lines that open their card. */
const mostCards = 6;

/** The home of work: what a farm's nodes are and can build, and where a project is dropped to build it on them. */
export function FarmView({ name }: { name: string }) {
  const farm = useFarm(name);
  return farm ? <KnownFarm farm={farm} /> : <UnknownFarm name={name} />;
}

function UnknownFarm({ name }: { name: string }) {
  const farms = useFarms((state) => state.farms);
  return (
    <Page title={name} layout="full">
      <EmptyState
        icon="farm"
        title={`There is no farm ${name}`}
        actions={
          <>
            {farms.slice(0, 3).map((farm) => (
              <Button key={farm.name} onClick={() => replaceView({ view: 'farm', name: farm.name })}>
                Go to {farm.name}
              </Button>
            ))}
            <Button onClick={() => navigate({ view: 'first-start' })}>Make a farm</Button>
          </>
        }
      >
        It may have been renamed or deleted.
      </EmptyState>
    </Page>
  );
}

function KnownFarm({ farm }: { farm: Farm }) {
  const { name, connections: members } = farm;
  const isDefault = useFarms((state) => state.default === name);
  const [shape, setShape] = useState<'cards' | 'matrix'>('cards');
  const [asking, setAsking] = useState<'rename' | 'delete'>();
  const nodes = useNodesOf(members);
  const hasSheet = useNavigation(({ place }) => place?.sheet !== undefined);
  const openBuild = (context?: string): void =>
    openSheet({ sheet: 'new-build', farm: name, ...(context === undefined ? {} : { context }) });
  const chooser = useProjectChooser(openBuild);
  const isOver = useFolderDrop(chooser.takeDropped, !hasSheet);
  // connections that came while nobody looked are asked when their farm is
  useEffect(() => {
    if (nodes.unknown.length > 0) {
      probeUnknown();
    }
  }, [nodes.unknown.length]);

  useCommands(
    () => [
      {
        id: 'farm:choose',
        label: `Build a folder on ${name}…`,
        group: 'Here',
        icon: 'folder',
        shortcut: 'Mod+O',
        run: () => chooser.choose(),
      },
      {
        id: 'farm:probe',
        label: `Probe the nodes of ${name}`,
        group: 'Here',
        icon: 'refresh',
        run: () => probeNodes(members),
      },
      { id: 'farm:rename', label: `Rename ${name}…`, group: 'Here', icon: 'edit', run: () => setAsking('rename') },
      { id: 'farm:delete', label: `Delete ${name}…`, group: 'Here', icon: 'trash', run: () => setAsking('delete') },
    ],
    [name, members],
  );

  const more: MenuItem[] = [
    { label: 'Probe all nodes', icon: 'refresh', disabled: members.length === 0, run: () => probeNodes(members) },
    { label: 'Rename…', icon: 'edit', run: () => setAsking('rename') },
    {
      label: isDefault ? 'Builds by default' : 'Make default',
      hint: isDefault ? 'Where no farm is named' : 'Builds where no farm is named',
      icon: 'star',
      disabled: isDefault,
      run: () => makeDefault(name),
    },
    'separator',
    { label: 'Delete farm…', icon: 'trash', danger: true, run: () => setAsking('delete') },
  ];

  return (
    <Page
      title={name}
      note={
        <span className={styles.note}>
          {isDefault && <Chip small>default</Chip>}
          {noteOf(nodes, members.length)}
        </span>
      }
      actions={
        <>
          {members.length > 0 && (
            <Segmented
              label="How the nodes are shown"
              value={shape}
              options={[
                { value: 'cards', label: 'Nodes' },
                { value: 'matrix', label: 'Matrix' },
              ]}
              onChange={setShape}
            />
          )}
          {members.length > 0 && (
            <AddNodes farm={farm} trigger={<IconButton icon="plus" label="Add nodes" kind="secondary" />} />
          )}
          <Menu trigger={<IconButton icon="more" label={`More about ${name}`} kind="secondary" />} items={more} />
          {members.length > 0 && (
            <Button kind="primary" onClick={() => openBuild()}>
              New build
            </Button>
          )}
        </>
      }
    >
      <div className={styles.body}>
        {members.length === 0 ? (
          <NoNodes farm={farm} />
        ) : (
          <>
            <AllDown nodes={nodes} members={members} />
            {shape === 'matrix' ? (
              <Matrix members={members} coverage={nodes.coverage} />
            ) : members.length > mostCards ? (
              <NodeTiles farm={name} members={members} down={nodes.down} lit={isOver} />
            ) : (
              <ul className={classes(styles.cards, members.length === 4 && styles.four)} aria-label="Nodes">
                {members.map((member) => (
                  <li key={member}>
                    <NodeCard name={member} farm={name} lit={isOver} />
                  </li>
                ))}
              </ul>
            )}
            {nodes.coverage.length > 0 && <CoverageLine coverage={nodes.coverage} lit={isOver} />}
            <ProjectDrop
              farm={farm}
              isDefault={isDefault}
              coverage={nodes.coverage}
              isOver={isOver}
              hindrance={
                nodes.up.length === 0 && nodes.unknown.length === 0
                  ? 'No node of this farm is up now. A build can be prepared, and started once one is.'
                  : undefined
              }
              onChoose={() => chooser.choose()}
              onSample={chooser.trySample}
              onProject={openBuild}
            />
          </>
        )}
      </div>
      {chooser.dialog}
      <Presence>
        {asking === 'rename' && (
          <RenameFarm
            name={name}
            onClose={() => setAsking(undefined)}
            onRenamed={(next) => replaceView({ view: 'farm', name: next })}
          />
        )}
      </Presence>
      <ConfirmDialog
        open={asking === 'delete'}
        onClose={() => setAsking(undefined)}
        title={`Delete farm ${name}?`}
        description={
          members.length > 0
            ? `Its ${formatCount(members.length, 'connection stays', 'connections stay')}, and so do its builds and images.`
            : 'It has no nodes. Builds and images stay.'
        }
        losses={[
          `The name ${name} and which nodes belong to it`,
          ...(isDefault ? ['Being the farm that builds by default'] : []),
        ]}
        action="Delete farm"
        onConfirm={async () => {
          await removeFarm(name);
          leave();
        }}
      />
    </Page>
  );
}

/** Where to after a farm is gone: to the one that builds by default, to another, or to where one is made. */
function leave(): void {
  const { farms, default: standard } = useFarms.getState();
  const next = standard ?? farms[0]?.name;
  replaceView(next === undefined ? { view: 'first-start' } : { view: 'farm', name: next });
}

/** `3 nodes`, `2 of 3 nodes up`. */
function noteOf({ up, unknown }: NodesOf, count: number): string {
  const all = formatCount(count, 'node');
  if (up.length === count || count === 0) {
    return all;
  }
  return up.length + unknown.length === count ? `${all}, asking ${unknown.length}` : `${up.length} of ${all} up`;
}

function AllDown({ nodes, members }: { nodes: NodesOf; members: readonly string[] }) {
  const isAsked = useNodes(({ probing }) => members.some((member) => probing.has(member)));
  if (members.length < 2 || nodes.down.length < members.length) {
    return null;
  }
  return (
    <div className={styles.allDown} role="status">
      <p>
        <strong>No node of this farm can be reached.</strong> Check that this computer is on their network.
      </p>
      <Button icon="refresh" busy={isAsked} onClick={() => probeNodes(members)}>
        Probe all again
      </Button>
    </div>
  );
}

function NoNodes({ farm }: { farm: Farm }) {
  return (
    <EmptyState
      icon="node"
      title={`${farm.name} has no nodes yet`}
      actions={
        <>
          <AddNodes farm={farm} trigger={<Button kind="primary">Add nodes</Button>} />
          <Button onClick={() => navigate({ view: 'first-start' })}>Find more engines</Button>
        </>
      }
    >
      Add connections to it: each becomes a node, and together they build for all of their platforms at once.
    </EmptyState>
  );
}

function AddNodes({ farm, trigger }: { farm: Farm; trigger: ReactElement<Record<string, unknown>> }) {
  const connections = useConnections((state) => state.connections);
  const items = useMemo<MenuItem[]>(() => {
    const others = connections.filter(({ name }) => !farm.connections.includes(name));
    return [
      ...others.map(
        ({ name, uri }): MenuItem => ({
          label: name,
          hint: uri,
          icon: 'node',
          run: () => addNodes(farm.name, [name]),
        }),
      ),
      ...(others.length > 1
        ? [
            {
              label: `Add all ${others.length}`,
              icon: 'plus' as const,
              run: () =>
                addNodes(
                  farm.name,
                  others.map(({ name }) => name),
                ),
            },
          ]
        : []),
      ...(others.length > 0 ? ['separator' as const] : []),
      {
        label: 'Add a connection…',
        icon: 'connections',
        run: () => navigate({ view: 'connections', adding: true }),
      },
    ];
  }, [connections, farm]);
  return <Menu trigger={trigger} items={items} />;
}
