/** Farm: its nodes, what they can build, and where to drop a project. */

import { useEffect, useState } from 'react';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount } from '../../../shared/format.ts';
import { useCommands } from '../../commands.ts';
import { Button } from '../../parts/Button.tsx';
import { Chip } from '../../parts/Chip.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { classes } from '../../parts/classes.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart } from '../../parts/lazy-part.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Page } from '../../parts/Page.tsx';
import { Presence } from '../../parts/Presence.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { makeDefault, probeNodes } from '../../stores/farm-actions.ts';
import { removeFarm, useFarm, useFarms } from '../../stores/farms.ts';
import { isOneOf, remembered, rememberValue, useRemembered } from '../../stores/memory.ts';
import { navigate, openSheet, replaceView, useNavigation } from '../../stores/navigation.ts';
import { probeUnknown, useNodes } from '../../stores/nodes.ts';
import { AddNodesMenu } from './AddNodesMenu.tsx';
import { CoverageList } from './CoverageList.tsx';
import styles from './Farm.module.css';
import { Matrix } from './Matrix.tsx';
import { NodeCard } from './NodeCard.tsx';
import { NodeTiles } from './NodeTiles.tsx';
import { ProjectDrop } from './ProjectDrop.tsx';
import { RenameFarmDialog } from './RenameFarmDialog.tsx';
import { type FarmNodes, useFarmNodes } from './use-farm-nodes.ts';
import { useFolderDrop } from './use-folder-drop.ts';
import { useProjectChooser } from './use-project-chooser.tsx';

const ChartTable = lazyPart(async () => (await import('./ChartTable.tsx')).ChartTable);

/** A farm with more nodes than this shows compact tiles that open a card each. */
const maxCards = 6;

/** How the nodes of farms are shown. */
const layoutMemory = remembered('farm.layout', isOneOf(['cards', 'charts', 'matrix']), 'cards');

/** The farm view: the nodes of a farm, the platforms that they can build, and a drop zone for projects. */
export function FarmView({ name }: { name: string }) {
  const farm = useFarm(name);
  return farm ? <FarmContent farm={farm} /> : <FarmNotFound name={name} />;
}

function FarmNotFound({ name }: { name: string }) {
  const farms = useFarms((state) => state.farms);
  return (
    <Page title={name} layout="full">
      <EmptyState
        icon="farm"
        title={`Farm ${name} not found`}
        actions={
          <>
            {farms.slice(0, 3).map((farm) => (
              <Button key={farm.name} onClick={() => replaceView({ view: 'farm', name: farm.name })}>
                Go to {farm.name}
              </Button>
            ))}
            <Button onClick={() => navigate({ view: 'first-start' })}>Create farm</Button>
          </>
        }
      >
        It may have been renamed or removed.
      </EmptyState>
    </Page>
  );
}

function FarmContent({ farm }: { farm: Farm }) {
  const { name, connections: members } = farm;
  const isDefault = useFarms((state) => state.default === name);
  const layout = useRemembered(layoutMemory);
  const [openDialog, setOpenDialog] = useState<'rename' | 'remove'>();
  const nodes = useFarmNodes(members);
  const hasSheet = useNavigation(({ route }) => route?.sheet !== undefined);
  const openBuild = (context?: string): void =>
    openSheet({ sheet: 'new-build', farm: name, ...(context === undefined ? {} : { context }) });
  const chooser = useProjectChooser(openBuild);
  const isDraggingOver = useFolderDrop(chooser.openDropped, !hasSheet);
  // probes the members that have never been probed
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
        group: 'view',
        icon: 'folder',
        shortcut: shortcuts.chooseFolder.keys,
        run: () => chooser.choose(),
      },
      {
        id: 'farm:probe',
        label: `Check the nodes of ${name}`,
        group: 'view',
        icon: 'refresh',
        run: () => probeNodes(members),
      },
      {
        id: 'farm:statistics',
        label: `Show statistics of ${name}`,
        group: 'view',
        icon: 'chart',
        run: () => navigate({ view: 'statistics', farm: name }),
      },
      {
        id: 'farm:storage',
        label: `Disk use of ${name}`,
        group: 'view',
        icon: 'disk',
        run: () => openSheet({ sheet: 'storage', farm: name }),
      },
      {
        id: 'farm:rename',
        label: `Rename farm ${name}…`,
        group: 'view',
        icon: 'edit',
        run: () => setOpenDialog('rename'),
      },
      {
        id: 'farm:remove',
        label: `Remove farm ${name}…`,
        group: 'view',
        icon: 'trash',
        run: () => setOpenDialog('remove'),
      },
    ],
    [name, members],
  );

  const menuItems: MenuItem[] = [
    { label: 'Statistics', icon: 'chart', run: () => navigate({ view: 'statistics', farm: name }) },
    { label: 'Check all nodes', icon: 'refresh', disabled: members.length === 0, run: () => probeNodes(members) },
    {
      label: 'Disk use',
      icon: 'disk',
      disabled: members.length === 0,
      run: () => openSheet({ sheet: 'storage', farm: name }),
    },
    { label: 'Rename farm…', icon: 'edit', run: () => setOpenDialog('rename') },
    {
      label: isDefault ? 'Default farm' : 'Set as default farm',
      hint: 'Used if no farm is selected',
      icon: 'star',
      disabled: isDefault,
      run: () => makeDefault(name),
    },
    'separator',
    { label: 'Remove farm…', icon: 'trash', danger: true, run: () => setOpenDialog('remove') },
  ];

  return (
    <Page
      title={name}
      note={
        <span className={styles.note}>
          {isDefault && <Chip small>default</Chip>}
          {describeHealth(nodes, members.length)}
        </span>
      }
      actions={
        <>
          {members.length > 0 && (
            <Segmented
              label="Node layout"
              value={layout}
              options={[
                { value: 'cards', label: 'Nodes' },
                { value: 'charts', label: 'Charts' },
                { value: 'matrix', label: 'Matrix' },
              ]}
              onChange={(next) => rememberValue(layoutMemory, next)}
            />
          )}
          {members.length > 0 && (
            <AddNodesMenu farm={farm} trigger={<IconButton icon="plus" label="Add nodes" kind="secondary" />} />
          )}
          <Menu
            trigger={<IconButton icon="more" label={`More actions for ${name}`} kind="secondary" />}
            items={menuItems}
          />
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
            {layout === 'matrix' ? (
              <Matrix farm={farm} coverage={nodes.coverage} />
            ) : layout === 'charts' ? (
              <ChartTable members={members} />
            ) : members.length > maxCards ? (
              <NodeTiles farm={name} members={members} down={nodes.down} isHighlighted={isDraggingOver} />
            ) : (
              <ul className={classes(styles.cards, members.length === 4 && styles.four)} aria-label="Nodes">
                {members.map((member) => (
                  <li key={member}>
                    <NodeCard name={member} farm={name} isHighlighted={isDraggingOver} />
                  </li>
                ))}
              </ul>
            )}
            {nodes.coverage.length > 0 && <CoverageList coverage={nodes.coverage} isHighlighted={isDraggingOver} />}
            <ProjectDrop
              farm={farm}
              isDefault={isDefault}
              coverage={nodes.coverage}
              isDraggingOver={isDraggingOver}
              notice={
                nodes.up.length === 0 && nodes.unknown.length === 0
                  ? 'No node of this farm is up. You can prepare a build and start it later.'
                  : undefined
              }
              onChoose={() => chooser.choose()}
              onProject={openBuild}
            />
          </>
        )}
      </div>
      {chooser.dialog}
      <Presence>
        {openDialog === 'rename' && (
          <RenameFarmDialog
            name={name}
            onClose={() => setOpenDialog(undefined)}
            onRenamed={(next) => replaceView({ view: 'farm', name: next })}
          />
        )}
      </Presence>
      <ConfirmDialog
        open={openDialog === 'remove'}
        onClose={() => setOpenDialog(undefined)}
        title={`Remove farm ${name}?`}
        description={
          members.length > 0
            ? `Its ${formatCount(members.length, 'connection')}, builds and images are kept.`
            : 'It has no nodes. Its builds and images are kept.'
        }
        losses={[`The name ${name} and its list of nodes`, ...(isDefault ? ['The setting as default farm'] : [])]}
        action="Remove farm"
        onConfirm={async () => {
          await removeFarm(name);
          openNextFarm();
        }}
      />
    </Page>
  );
}

/** After a farm was removed: opens the default farm, else another farm, else the first start. */
function openNextFarm(): void {
  const { farms, default: defaultFarm } = useFarms.getState();
  const next = defaultFarm ?? farms[0]?.name;
  replaceView(next === undefined ? { view: 'first-start' } : { view: 'farm', name: next });
}

/** `3 nodes`, `2 of 3 nodes up`, `3 nodes, checking 1`. */
function describeHealth({ up, unknown }: FarmNodes, count: number): string {
  const all = formatCount(count, 'node');
  if (up.length === count || count === 0) {
    return all;
  }
  return up.length + unknown.length === count ? `${all}, checking ${unknown.length}` : `${up.length} of ${all} up`;
}

function AllDown({ nodes, members }: { nodes: FarmNodes; members: readonly string[] }) {
  const isProbing = useNodes(({ probing }) => members.some((member) => probing.has(member)));
  if (members.length < 2 || nodes.down.length < members.length) {
    return null;
  }
  return (
    <div className={styles.allDown} role="status">
      <p>
        <strong>No node of this farm can be reached.</strong> Check that this computer is on their network.
      </p>
      <Button icon="refresh" busy={isProbing} onClick={() => probeNodes(members)}>
        Check again
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
          <AddNodesMenu farm={farm} trigger={<Button kind="primary">Add nodes</Button>} />
          <Button onClick={() => navigate({ view: 'first-start' })}>Find more engines</Button>
        </>
      }
    >
      Add connections as nodes. Together they build for all of their platforms at once.
    </EmptyState>
  );
}
