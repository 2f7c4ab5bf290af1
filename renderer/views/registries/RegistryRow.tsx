import { useEffect, useRef, useState } from 'react';
import type { Registry, RegistryCheck, RegistryLogin } from '../../../shared/registry.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { type DisplayPhase, PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Registries.module.css';
import { RegistryCheckSteps } from './RegistryCheckSteps.tsx';

export interface RegistryRowProps {
  readonly registry: Registry;
  /** Whether the route names it. */
  readonly isCurrent: boolean;
  readonly onSignIn: () => void;
  readonly onSettings: () => void;
  readonly onSignOut: (login: RegistryLogin) => void;
  readonly onRemove: () => void;
}

/** A registry: how it is reached, who is signed in, where that comes from. */
export function RegistryRow({ registry, isCurrent, onSignIn, onSettings, onSignOut, onRemove }: RegistryRowProps) {
  const { name, logins, mirrors, certificates, files, own, blockedBy, pushedAt } = registry;
  const { check, isChecking, run, cancel, hide } = useCheck(name);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isCurrent) {
      row.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [isCurrent]);
  const items: MenuItem[] = [
    { label: 'Check', icon: 'refresh', disabled: isChecking, run },
    { label: 'Sign in…', icon: 'key', run: onSignIn },
    { label: 'Settings…', icon: 'edit', run: onSettings },
    'separator',
    ...logins.map((login): MenuItem => ({ label: signOutText(registry, login), run: () => onSignOut(login) })),
    { label: 'Remove settings…', icon: 'trash', danger: true, disabled: own === undefined, run: onRemove },
  ];
  return (
    <li ref={row} className={classes(styles.entry, isCurrent && styles.current)} {...contextMenu(() => items)}>
      <div className={styles.row}>
        <div className={styles.main}>
          <div className={styles.line}>
            <span className={styles.name}>{name}</span>
            {securityOf(registry) && <PhaseBadge {...(securityOf(registry) ?? { phase: 'done' })} />}
            {pushedAt && (
              <span className={styles.quiet}>
                pushed to <RelativeTime time={pushedAt} />
              </span>
            )}
          </div>
          <ul className={styles.facts}>
            {logins.length === 0 && <li>Not signed in</li>}
            {logins.map((login, index) => (
              <li key={`${login.store} ${login.name} ${login.keptIn}`}>
                <LoginText login={login} registry={name} isUsed={index === 0} />
              </li>
            ))}
            {mirrors.map(({ location, file }) => (
              <li key={location}>
                Read by way of {location}
                {file && <From file={file} />}
              </li>
            ))}
            {own?.proxy && <li>{own.proxy === 'none' ? 'No proxy' : `Proxy ${withoutLogin(own.proxy)}`}</li>}
            {certificates.map((file) => (
              <li key={file} className={styles.path}>
                {file}
              </li>
            ))}
            {(blockedBy ? [blockedBy] : files).map((file) => (
              <li key={file}>
                Settings of podman
                <From file={file} />
              </li>
            ))}
          </ul>
        </div>
        <Button onClick={isChecking ? cancel : run}>
          {isChecking ? 'Cancel check' : 'Check'}
          <span className="visually-hidden"> of {name}</span>
        </Button>
        {logins.length === 0 && (
          <Button onClick={onSignIn}>
            Sign in…<span className="visually-hidden"> to {name}</span>
          </Button>
        )}
        <Menu trigger={<IconButton icon="more" label={`More about ${name}`} size="small" />} items={items} />
      </div>
      <output className="visually-hidden">{check && `Check of ${name} ${check.passed ? 'passed' : 'failed'}.`}</output>
      {isChecking && (
        <output className={styles.checking}>
          <PhaseBadge phase="running" word={`Checking ${name}`} />
        </output>
      )}
      {check && (
        <div className={styles.result}>
          <div className={styles.resultHead}>
            <PhaseBadge
              phase={check.passed ? 'done' : 'failed'}
              word={check.passed ? 'Check passed' : 'Check failed'}
            />
            {check.repository && <span className={styles.quiet}>with the repository {check.repository}</span>}
            <span className={styles.fill} />
            <IconButton icon="cross" label={`Hide the check of ${name}`} size="small" onClick={hide} />
          </div>
          <RegistryCheckSteps check={check} />
        </div>
      )}
    </li>
  );
}

function signOutText({ name, logins }: Registry, login: RegistryLogin): string {
  const path = login.name === name ? '' : ` of ${login.name}`;
  return logins.length === 1 ? 'Sign out…' : `Remove the login${path} in ${login.keptIn}…`;
}

function LoginText({ login, registry, isUsed }: { login: RegistryLogin; registry: string; isUsed: boolean }) {
  const { name, username, keptIn, unusable } = login;
  const who = username === undefined ? 'an identity token' : username;
  const where = name === registry ? '' : ` for ${name.slice(registry.length + 1)}`;
  return (
    <>
      {unusable ? 'Login of ' : isUsed || where ? 'Signed in as ' : 'Also a login of '}
      <strong className={styles.user}>{who}</strong>
      {where}
      <From file={keptIn} />
      {unusable && <span className={styles.warning}> {unusable}</span>}
    </>
  );
}

function From({ file }: { file: string }) {
  return (
    <>
      {' '}
      <span className={styles.path}>({file})</span>
    </>
  );
}

/** What is not as safe as usual. */
function securityOf({ tls, blockedBy }: Registry): { readonly phase: DisplayPhase; readonly word: string } | undefined {
  if (blockedBy !== undefined) {
    return { phase: 'warning', word: 'Blocked' };
  }
  return tls === 'verify'
    ? undefined
    : { phase: 'warning', word: tls === 'plain-http' ? 'Plain HTTP' : 'Not verified' };
}

/** An address without the login in it. */
function withoutLogin(address: string): string {
  return address.replace(/\/\/[^@/]*@/, '//');
}

function useCheck(name: string) {
  const [check, setCheck] = useState<RegistryCheck>();
  const running = useRef<AbortController>(undefined);
  const [isChecking, setIsChecking] = useState(false);
  useEffect(() => () => running.current?.abort(), []);
  const run = (): void => {
    const controller = new AbortController();
    running.current = controller;
    setIsChecking(true);
    setCheck(undefined);
    call('registries.check', { name }, { signal: controller.signal })
      .then(setCheck)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) {
          toastProblem(error);
        }
      })
      .finally(() => setIsChecking(false));
  };
  return { check, isChecking, run, cancel: () => running.current?.abort(), hide: () => setCheck(undefined) };
}
