import { type Connection, changedOptions, parseDestination } from '../../../shared/connection.ts';
import { formatCount, formatList } from '../../../shared/format.ts';
import { preferenceTexts } from '../../../shared/node-preferences.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { HoldNote } from '../../parts/HoldNote.tsx';
import { holdItems } from '../../parts/hold-items.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { lazyPart, useLoaded } from '../../parts/lazy-part.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { RetryCountdown } from '../../parts/RetryCountdown.tsx';
import { useRunningJobCount } from '../../stores/builds.ts';
import { runCheck, useIsCheckRunning } from '../../stores/checks.ts';
import { updateConnection, useConnections } from '../../stores/connections.ts';
import { replaceView } from '../../stores/navigation.ts';
import { useHealth, useNode } from '../../stores/nodes.ts';
import { useHold } from '../../stores/queue.ts';
import { ConnectionCheck } from './ConnectionCheck.tsx';
import { ConnectionForm } from './ConnectionForm.tsx';
import styles from './Connections.module.css';
import { toDraft } from './draft.ts';
import { FarmMembership } from './FarmMembership.tsx';
import { NodeFacts } from './NodeFacts.tsx';

const NodeStorage = lazyPart(async () => (await import('../storage/NodeStorage.tsx')).NodeStorage);
const ConnectionHistory = lazyPart(async () => (await import('./ConnectionHistory.tsx')).ConnectionHistory);

export interface ConnectionDetailsProps {
  readonly connection: Connection;
  readonly isEditing: boolean;
  readonly onEdit: (isEditing: boolean) => void;
  readonly onRemove: () => void;
}

/** Shows the address, health, check, platforms and farms of a connection. */
export function ConnectionDetails({ connection, isEditing, onEdit, onRemove }: ConnectionDetailsProps) {
  const { name, uri, identity, tlsCert, platforms } = connection;
  const preferences = preferenceTexts(connection);
  const health = useHealth(name);
  const status = useNode(name);
  const jobs = useRunningJobCount(name);
  const destination = parseDestination(uri);
  const hold = useHold(name);
  const isHistoryLoaded = useLoaded(ConnectionHistory, true);

  return (
    <article aria-label={`Connection ${name}`} className={styles.details}>
      <header className={styles.head}>
        <div className={styles.titles}>
          <h2 className={styles.title}>{name}</h2>
          <span className={styles.health}>
            <HealthDot health={health} />
            <span aria-hidden="true">{healthWord(health)}</span>
            {status?.state === 'down' && status.retry && (
              <span className={styles.quiet}>
                · <RetryCountdown retry={status.retry} isFirst={status.neverReached} />
              </span>
            )}
            {hold && <HoldNote hold={hold} />}
            {jobs > 0 && <span className={styles.quiet}>· building {formatCount(jobs, 'platform')}</span>}
          </span>
        </div>
        <div className={styles.actions}>
          <CheckButton name={name} />
          <Button icon="edit" onClick={() => onEdit(!isEditing)}>
            Edit
          </Button>
          <Menu
            trigger={<IconButton icon="more" label={`Pause or drain ${name}`} kind="secondary" />}
            items={holdItems(name, hold)}
          />
          <IconButton icon="trash" label={`Remove ${name}`} kind="secondary" onClick={onRemove} />
        </div>
        <div className={styles.where}>
          {typeof destination !== 'string' && destination.kind === 'local' && 'This computer'}
          <Copyable text={uri} what="URI" />
          {identity && (
            <span className={styles.identity}>
              <Icon name="key" size={14} />
              <Copyable text={identity} what="path of the identity file" />
            </span>
          )}
          {tlsCert && (
            <span className={styles.identity}>
              <Icon name="key" size={14} />
              <Copyable text={tlsCert} what="path of the client certificate" />
            </span>
          )}
          {platforms && <span className={styles.quiet}>builds only {formatList(platforms)}</span>}
          {preferences.length > 0 && <span className={styles.quiet}>{preferences.join(' · ')}</span>}
        </div>
      </header>

      {isEditing && <Edit connection={connection} jobs={jobs} onDone={() => onEdit(false)} />}

      {typeof destination !== 'string' && (
        <ConnectionCheck name={name} kind={destination.kind} status={status} onEdit={() => onEdit(true)} />
      )}
      {isHistoryLoaded && <ConnectionHistory name={name} />}
      {status?.state === 'up' && <NodeFacts node={status.node} />}
      {status?.state === 'up' && <NodeStorage name={name} />}
      <FarmMembership name={name} />
    </article>
  );
}

function CheckButton({ name }: { name: string }) {
  const isChecking = useIsCheckRunning(name);
  return (
    <Button icon="refresh" busy={isChecking} onClick={() => void runCheck(name)}>
      Check
    </Button>
  );
}

function Edit({ connection, jobs, onDone }: { connection: Connection; jobs: number; onDone: () => void }) {
  const { name } = connection;
  const connections = useConnections((state) => state.connections);
  const takenNames = connections.map((other) => other.name).filter((other) => other !== name);
  return (
    <section aria-label={`Edit ${name}`} className={styles.box}>
      <ConnectionForm
        initialDraft={toDraft(connection)}
        takenNames={takenNames}
        action="Save changes"
        note={
          jobs > 0
            ? `A new URI, identity file or certificate stops the jobs that run on ${name}. They restart on another node, or fail.`
            : undefined
        }
        onCancel={onDone}
        onSubmit={async (edited) => {
          const changed = await updateConnection({
            name,
            ...(edited.name === name ? {} : { rename: edited.name }),
            ...(edited.uri === connection.uri ? {} : { uri: edited.uri }),
            ...changedOptions(connection, edited),
          });
          onDone();
          replaceView({ view: 'connections', name: changed.name });
          // the last result belongs to the old address
          void runCheck(changed.name);
        }}
      />
    </section>
  );
}
