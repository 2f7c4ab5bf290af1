import { type FormEvent, useCallback, useEffect, useMemo, useState } from 'react';
import type { Discovery } from '../../../shared/discovery.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { freeName } from '../../../shared/free-name.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { addConnection, discoverConnections, removeConnection, useConnections } from '../../stores/connections.ts';
import { createFarm, useFarms } from '../../stores/farms.ts';
import { hrefOf, navigate, openSheet } from '../../stores/navigation.ts';
import { probeUnknown } from '../../stores/nodes.ts';
import { LeftOut } from '../connections/LeftOut.tsx';
import { CoverageLine } from '../farm/Coverage.tsx';
import { useFolderDrop } from '../farm/folder-drop.ts';
import { useProjectChooser } from '../farm/ProjectChooser.tsx';
import { farmNameError } from '../farm/RenameFarm.tsx';
import { folderName } from '../farm/recent-projects.ts';
import { useNodesOf } from '../farm/use-nodes-of.ts';
import { AddConnection } from './AddConnection.tsx';
import { EngineRow } from './EngineRow.tsx';
import { canForget, type Engine, enginesOf, farmName, farmWords, unused } from './engines.ts';
import { FarmOffers } from './FarmOffers.tsx';
import styles from './FirstStart.module.css';
import { NothingFound } from './NothingFound.tsx';

/** A list that is longer than this can be searched. */
const longList = 10;

const nothing: Discovery = { candidates: [], farms: [], notes: [] };

/**
 * What can build for you? Switches for everything that was found, then the name of the farm that it makes, then a project.
 * Everything that a person does here is kept at once, so coming back half-way shows where one is.
 */
export function FirstStart() {
  const connections = useConnections((state) => state.connections);
  const farms = useFarms((state) => state.farms);
  const [discovery, setDiscovery] = useState<Discovery>();
  const [problem, setProblem] = useState<Problem>();
  const [adding, setAdding] = useState(false);
  const [filter, setFilter] = useState('');
  // a person's switches; what was not touched follows from what is
  const [switched, setSwitched] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [project, setProject] = useState<string>();

  const look = useCallback((): void => {
    setProblem(undefined);
    discoverConnections().then(setDiscovery, (error: unknown) => {
      setProblem(problemOf(error));
      setDiscovery(nothing);
    });
  }, []);
  useEffect(look, [look]);

  const engines = useMemo(() => enginesOf(discovery?.candidates ?? [], connections), [discovery, connections]);
  const chosen = useMemo(() => {
    const standard = unused(connections, farms);
    return connections.map(({ name }) => name).filter((name) => switched.get(name) ?? standard.includes(name));
  }, [connections, farms, switched]);
  const shown = engines.filter(({ name, uri }) => `${name} ${uri}`.toLowerCase().includes(filter.toLowerCase()));

  const chooser = useProjectChooser((context) => {
    const { default: standard, farms: all } = useFarms.getState();
    const farm = standard ?? all[0]?.name;
    if (farm === undefined) {
      setProject(context);
    } else {
      navigate({ view: 'farm', name: farm });
      openSheet({ sheet: 'new-build', farm, context });
    }
  });
  const isOver = useFolderDrop(chooser.takeDropped);

  function remember(name: string, on: boolean): void {
    setSwitched((before) => new Map(before).set(name, on));
  }

  async function onSwitch(engine: Engine, on: boolean): Promise<void> {
    const { candidate, connection, uri } = engine;
    if (connection && !on && canForget(engine, farms)) {
      await removeConnection(connection.name);
    } else if (connection) {
      remember(connection.name, on);
    } else if (on) {
      const taken = connections.map((each) => each.name);
      const name = freeName(engine.name, (other) => taken.includes(other));
      await addConnection({ name, uri, ...(candidate?.identity ? { identity: candidate.identity } : {}) });
      remember(name, true);
      probeUnknown();
    }
  }

  const isFirst = farms.length === 0;
  return (
    <Page title={isFirst ? 'Welcome' : 'New farm'} layout="full">
      <div className={styles.scroll}>
        <div className={styles.column}>
          <header className={styles.intro}>
            <h2 className={styles.question}>What can build for you?</h2>
            <p className={styles.secondary}>
              Barnraiser builds one image on many machines at once. Switch on those that it may use; they are asked what
              they can build, and nothing is installed on them.
            </p>
            {!isFirst && <Farms names={farms.map(({ name }) => name)} />}
          </header>
          {problem && <ProblemNote problem={problem} actions={<Button onClick={look}>Look again</Button>} />}
          {discovery && <FarmOffers discovery={discovery} />}
          {discovery === undefined ? (
            <Waiting>Looking for engines on this computer</Waiting>
          ) : engines.length === 0 ? (
            !adding && (
              <NothingFound>
                <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
                  Add a connection
                </Button>
                <Button icon="refresh" onClick={look}>
                  Look again
                </Button>
              </NothingFound>
            )
          ) : (
            <section aria-label="Engines" className={styles.group}>
              {engines.length > longList && (
                <TextField
                  label="Search engines"
                  hideLabel
                  type="search"
                  icon="search"
                  placeholder={`Search ${engines.length} engines`}
                  value={filter}
                  onChange={setFilter}
                />
              )}
              <ul className={styles.engines}>
                {shown.map((engine) => (
                  <EngineRow
                    key={`${engine.source} ${engine.uri}`}
                    engine={engine}
                    isOn={engine.connection !== undefined && chosen.includes(engine.connection.name)}
                    onSwitch={(on) => onSwitch(engine, on)}
                  />
                ))}
                {shown.length === 0 && <li className={styles.none}>No engine is called “{filter}”.</li>}
              </ul>
            </section>
          )}
          {discovery && <LeftOut notes={discovery.notes} />}
          {adding ? (
            <AddConnection
              onCancel={() => setAdding(false)}
              onAdded={(name) => {
                remember(name, true);
                setAdding(false);
              }}
            />
          ) : (
            engines.length > 0 && (
              <div className={styles.more}>
                <Button kind="quiet" icon="plus" onClick={() => setAdding(true)}>
                  Add a connection
                </Button>
                <Button kind="quiet" icon="refresh" onClick={look}>
                  Look again
                </Button>
              </div>
            )
          )}
        </div>
      </div>
      {(chosen.length > 0 || project !== undefined) && (
        <MakeFarm
          key={farmName(farms)}
          standard={farmName(farms)}
          taken={farms.map(({ name }) => name)}
          chosen={chosen}
          project={project}
          onMade={(name) => {
            navigate({ view: 'farm', name });
            if (project !== undefined) {
              openSheet({ sheet: 'new-build', farm: name, context: project });
            }
          }}
        />
      )}
      {isOver && (
        <div className={styles.held} role="status">
          {isFirst ? 'Let go to build this folder, once there is a farm' : 'Let go to build this folder'}
        </div>
      )}
      {chooser.dialog}
    </Page>
  );
}

function Farms({ names }: { names: readonly string[] }) {
  const few = names.slice(0, 4);
  return (
    <p className={styles.secondary}>
      You have {formatCount(names.length, 'farm')}:{' '}
      {few.map((name, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <a href={hrefOf({ view: 'farm', name })}>{name}</a>
        </span>
      ))}
      {names.length > few.length && ' and more'}. This page makes another.
    </p>
  );
}

interface MakeFarmProps {
  readonly standard: string;
  readonly taken: readonly string[];
  readonly chosen: readonly string[];
  /** A folder that waits to be built on the farm. */
  readonly project: string | undefined;
  readonly onMade: (name: string) => void;
}

function MakeFarm({ standard, taken, chosen, project, onMade }: MakeFarmProps) {
  const [name, setName] = useState(standard);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const { coverage, down, unknown } = useNodesOf(chosen);
  const error = farmNameError(name, taken);

  async function make(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (error || busy || chosen.length === 0) {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await createFarm({ name, connections: [...chosen], makeDefault: taken.length === 0 });
      onMade(name);
    } catch (thrown) {
      setProblem(problemOf(thrown));
      setBusy(false);
    }
  }

  return (
    <form className={styles.foot} onSubmit={(event) => void make(event)} aria-label="Make a farm" noValidate>
      <div className={styles.footColumn}>
        {problem && <ProblemNote problem={problem} />}
        <div className={styles.footRow}>
          <div className={styles.farmName}>
            <TextField label="Name of the farm" value={name} onChange={setName} error={error} />
          </div>
          <Button type="submit" kind="primary" size="large" busy={busy} disabled={chosen.length === 0 || !!error}>
            {farmWords(chosen.length)}
          </Button>
        </div>
        <div className={styles.together}>
          {coverage.length > 0 && <CoverageLine coverage={coverage} lit={false} />}
          <p className={styles.secondary}>
            {chosen.length === 0
              ? 'Switch on at least one engine.'
              : unknown.length > 0
                ? `Asking ${unknown.length > 3 ? `${unknown.length} engines` : formatList(unknown)} what can be built there`
                : down.length > 0
                  ? `${formatList(down)} can join too, and builds as soon as it answers.`
                  : null}
            {project !== undefined && ` ${folderName(project)} is built as soon as there is a farm.`}
          </p>
        </div>
      </div>
    </form>
  );
}
