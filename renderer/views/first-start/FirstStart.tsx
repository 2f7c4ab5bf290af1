/** First start: the discovered engines, and the first farm. */

import { useCallback, useEffect, useMemo, useState } from 'react';
import { optionsOf } from '../../../shared/connection.ts';
import type { Discovery } from '../../../shared/discovery.ts';
import { formatCount, pluralText } from '../../../shared/format.ts';
import { freeName } from '../../../shared/free-name.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { addConnection, discoverConnections, removeConnection, useConnections } from '../../stores/connections.ts';
import { useFarms } from '../../stores/farms.ts';
import { hrefOf, navigate, openSheet } from '../../stores/navigation.ts';
import { probeUnknown, useNodes } from '../../stores/nodes.ts';
import { ConnectionForm } from '../connections/ConnectionForm.tsx';
import { SkippedEntries } from '../connections/SkippedEntries.tsx';
import { useFolderDrop } from '../farm/use-folder-drop.ts';
import { useProjectChooser } from '../farm/use-project-chooser.tsx';
import { CreateFarmForm } from './CreateFarmForm.tsx';
import { DiscoveredFarms } from './DiscoveredFarms.tsx';
import { EngineRow } from './EngineRow.tsx';
import {
  canRemoveConnection,
  connectionsWithoutFarm,
  type EngineEntry,
  listEngines,
  onePerMachine,
  suggestFarmName,
} from './engines.ts';
import styles from './FirstStart.module.css';
import { NoEngines } from './NoEngines.tsx';

/** The filter is shown if there are more engines than this. */
const maxUnfiltered = 10;

const emptyDiscovery: Discovery = { candidates: [], farms: [], notes: [] };

/**
 * The first start: a switch for each discovered engine, and a form that creates a farm of those that are on. Each switch takes
 * effect immediately, so a person can leave and return at any time.
 */
export function FirstStart({ project: given }: { readonly project?: string | undefined }) {
  const connections = useConnections((state) => state.connections);
  const farms = useFarms((state) => state.farms);
  const byName = useNodes((state) => state.byName);
  const [discovery, setDiscovery] = useState<Discovery>();
  const [problem, setProblem] = useState<Problem>();
  const [isAdding, setIsAdding] = useState(false);
  const [filter, setFilter] = useState('');
  // the switches that were used; the others follow from the existing connections and farms
  const [switches, setSwitches] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [dropped, setProject] = useState<string>();
  const project = dropped ?? given;

  const search = useCallback((): void => {
    setProblem(undefined);
    discoverConnections().then(setDiscovery, (error: unknown) => {
      setProblem(problemOf(error));
      setDiscovery(emptyDiscovery);
    });
  }, []);
  useEffect(search, [search]);

  const engines = useMemo(() => listEngines(discovery?.candidates ?? [], connections), [discovery, connections]);
  const selected = useMemo(() => {
    const withoutFarm = onePerMachine(connectionsWithoutFarm(connections, farms), byName);
    return connections.map(({ name }) => name).filter((name) => switches.get(name) ?? withoutFarm.includes(name));
  }, [connections, farms, switches, byName]);
  const shown = engines.filter(({ name, uri }) => `${name} ${uri}`.toLowerCase().includes(filter.toLowerCase()));

  const chooser = useProjectChooser((context) => {
    const { default: defaultFarm, farms: allFarms } = useFarms.getState();
    const farm = defaultFarm ?? allFarms[0]?.name;
    if (farm === undefined) {
      setProject(context);
    } else {
      navigate({ view: 'farm', name: farm });
      openSheet({ sheet: 'new-build', farm, context });
    }
  });
  const isDraggingOver = useFolderDrop(chooser.openDropped);

  function setSwitch(name: string, on: boolean): void {
    setSwitches((before) => new Map(before).set(name, on));
  }

  async function onSwitch(engine: EngineEntry, on: boolean): Promise<void> {
    const { candidate, connection, uri } = engine;
    if (connection && !on && canRemoveConnection(engine, farms)) {
      await removeConnection(connection.name);
    } else if (connection) {
      setSwitch(connection.name, on);
    } else if (on) {
      const takenNames = connections.map((other) => other.name);
      const name = freeName(engine.name, (other) => takenNames.includes(other));
      await addConnection({ name, uri, ...optionsOf(candidate ?? {}) });
      setSwitch(name, true);
      probeUnknown();
    }
  }

  const isFirst = farms.length === 0;
  return (
    <Page title={isFirst ? 'Welcome' : 'New farm'} layout="full">
      <div className={styles.scroll}>
        <div className={styles.column}>
          <header className={styles.intro}>
            <h2 className={styles.title}>Choose machines to build on</h2>
            <p className={styles.secondary}>
              Barnraiser builds one image on many machines at once. Turn on the machines that it may use. It checks what
              each of them can build, and installs nothing on them.
            </p>
            {!isFirst && <Farms names={farms.map(({ name }) => name)} />}
          </header>
          {problem && <ProblemNote problem={problem} actions={<Button onClick={search}>Search again</Button>} />}
          {discovery && <DiscoveredFarms discovery={discovery} />}
          {discovery === undefined ? (
            <Waiting>Looking for engines on this computer</Waiting>
          ) : engines.length === 0 ? (
            !isAdding && (
              <NoEngines>
                <Button kind="primary" icon="plus" onClick={() => setIsAdding(true)}>
                  Add connection
                </Button>
                <Button icon="refresh" onClick={search}>
                  Search again
                </Button>
              </NoEngines>
            )
          ) : (
            <section aria-label="Engines" className={styles.group}>
              {engines.length > maxUnfiltered && (
                <TextField
                  label="Search engines"
                  hideLabel
                  type="search"
                  icon="search"
                  placeholder={pluralText(
                    engines.length,
                    `Search ${engines.length} engine`,
                    `Search ${engines.length} engines`,
                  )}
                  value={filter}
                  onChange={setFilter}
                />
              )}
              <ul className={styles.engines}>
                {shown.map((engine) => (
                  <EngineRow
                    key={`${engine.source} ${engine.uri}`}
                    engine={engine}
                    isOn={engine.connection !== undefined && selected.includes(engine.connection.name)}
                    onSwitch={(on) => onSwitch(engine, on)}
                  />
                ))}
                {shown.length === 0 && <li className={styles.none}>No engines match “{filter}”.</li>}
              </ul>
            </section>
          )}
          {discovery && <SkippedEntries notes={discovery.notes} />}
          {isAdding ? (
            // the form opens below a list that may be long
            <div ref={scrollIntoView} className={styles.form}>
              <ConnectionForm
                takenNames={connections.map(({ name }) => name)}
                action="Add connection"
                onCancel={() => setIsAdding(false)}
                onSubmit={async (connection) => {
                  await addConnection(connection);
                  probeUnknown();
                  setSwitch(connection.name, true);
                  setIsAdding(false);
                }}
              />
            </div>
          ) : (
            engines.length > 0 && (
              <div className={styles.more}>
                <Button kind="quiet" icon="plus" onClick={() => setIsAdding(true)}>
                  Add connection
                </Button>
                <Button kind="quiet" icon="refresh" onClick={search}>
                  Search again
                </Button>
                <Button kind="quiet" icon="package" onClick={() => openSheet({ sheet: 'samples' })}>
                  Try a sample…
                </Button>
              </div>
            )
          )}
        </div>
      </div>
      {(selected.length > 0 || project !== undefined) && (
        <CreateFarmForm
          key={suggestFarmName(farms)}
          defaultName={suggestFarmName(farms)}
          takenNames={farms.map(({ name }) => name)}
          selected={selected}
          project={project}
          onCreated={(name) => {
            navigate({ view: 'farm', name });
            if (project !== undefined) {
              openSheet({ sheet: 'new-build', farm: name, context: project });
            }
          }}
        />
      )}
      {isDraggingOver && (
        <div className={styles.dropHint} role="status">
          {isFirst ? 'Drop to build this folder on the new farm' : 'Drop to build this folder'}
        </div>
      )}
      {chooser.dialog}
    </Page>
  );
}

function scrollIntoView(form: HTMLElement | null): void {
  form?.scrollIntoView({ block: 'nearest' });
}

function Farms({ names }: { names: readonly string[] }) {
  const firstNames = names.slice(0, 4);
  return (
    <p className={styles.secondary}>
      You have {formatCount(names.length, 'farm')}:{' '}
      {firstNames.map((name, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <a href={hrefOf({ view: 'farm', name })}>{name}</a>
        </span>
      ))}
      {names.length > firstNames.length && ' and more'}. This page creates another one.
    </p>
  );
}
