import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { optionGroups, optionRow, type RequestOptionName } from '../../../../shared/build-options.ts';
import { formatCount } from '../../../../shared/format.ts';
import { useCommands } from '../../../commands.ts';
import { Button } from '../../../parts/Button.tsx';
import { classes } from '../../../parts/classes.ts';
import { Icon } from '../../../parts/Icon.tsx';
import { IconButton } from '../../../parts/IconButton.tsx';
import { optionLabel } from '../../../parts/option-words.ts';
import { shortcuts } from '../../../parts/shortcut-table.ts';
import { TextField } from '../../../parts/TextField.tsx';
import { rememberValue, useRemembered } from '../../../stores/memory.ts';
import { toast } from '../../../stores/toasts.ts';
import { CollapsibleSection } from '../CollapsibleSection.tsx';
import { focusControl } from './focus-control.ts';
import { OptionField, type OptionScope } from './OptionField.tsx';
import styles from './Options.module.css';
import {
  changedOptions,
  formOptions,
  invalidOptions,
  type OptionDraft,
  restoreOptions,
  setOption,
} from './option-draft.ts';
import { groupsMemory, sectionMemory } from './option-memory.ts';
import { byGroup, commonOptions, findOptions } from './option-search.ts';

interface OptionsSectionProps extends OptionScope {
  readonly draft: OptionDraft;
  readonly onChange: (change: (before: OptionDraft) => OptionDraft) => void;
}

/** All options of a build. Collapsed at first, with the number of changed ones. */
export function OptionsSection({ draft, onChange, ...scope }: OptionsSectionProps) {
  const isOpen = useRemembered(sectionMemory);
  const search = useRef<HTMLInputElement>(null);
  const changed = changedOptions(draft);
  const invalid = invalidOptions(draft);

  useCommands(
    () => [
      {
        id: 'new-build:search-options',
        label: 'Search options',
        group: 'view',
        icon: 'search',
        shortcut: shortcuts.searchOptions.keys,
        run: () => {
          rememberValue(sectionMemory, true);
          requestAnimationFrame(() => focusAtTop(search.current));
        },
      },
    ],
    [],
  );

  return (
    <CollapsibleSection
      title="Options"
      isOpen={isOpen}
      onToggle={(next) => rememberValue(sectionMemory, next)}
      summary={
        <>
          {changed.length === 0 ? 'none changed' : `${formatCount(changed.length, 'option', 'options')} changed`}
          {invalid.length > 0 && <span className={styles.invalid}>, {invalid.length} not valid</span>}
        </>
      }
    >
      {isOpen && <OptionsForm draft={draft} scope={scope} changed={changed} search={search} onChange={onChange} />}
    </CollapsibleSection>
  );
}

interface OptionsFormProps {
  readonly draft: OptionDraft;
  readonly scope: OptionScope;
  readonly changed: readonly RequestOptionName[];
  readonly search: React.RefObject<HTMLInputElement | null>;
  readonly onChange: OptionsSectionProps['onChange'];
}

function OptionsForm({ draft, scope, changed, search, onChange }: OptionsFormProps) {
  const [text, setText] = useState('');
  /** What was changed when only that was asked for: an option stays while its value is typed anew. */
  const [kept, setKept] = useState<readonly RequestOptionName[]>();
  const form = useRef<HTMLDivElement>(null);
  const isSearching = text.trim() !== '';

  function reset(names: readonly RequestOptionName[], title: string): void {
    const before = draft;
    onChange((now) => names.reduce((rest, name) => setOption(rest, name, undefined), now));
    toast({ title, action: { label: 'Undo', run: () => onChange((now) => restoreOptions(now, names, before)) } });
  }
  const field = (name: RequestOptionName) => (
    <OptionField
      key={name}
      name={name}
      draft={draft}
      scope={scope}
      onChange={onChange}
      onReset={() => reset([name], `${optionLabel(name)} is reset`)}
    />
  );
  const isShown = (name: RequestOptionName): boolean =>
    kept === undefined || kept.includes(name) || changed.includes(name);
  const found = findOptions(text).filter(isShown);

  return (
    <div ref={form} className={styles.form}>
      <div className={styles.toolbar}>
        <TextField
          label="Search options"
          hideLabel
          type="search"
          icon="search"
          placeholder="Search options and flags"
          className={classes(styles.search)}
          ref={search}
          value={text}
          onChange={(next) => {
            if (!isSearching) {
              // what is found is below the field, which may be at the end of the window
              requestAnimationFrame(() => scrollToTop(search.current));
            }
            setText(next);
          }}
          onKeyDown={(event) => onSearchKeyDown(event, text, setText, form.current)}
          {...(isSearching
            ? { after: <IconButton size="small" icon="cross" label="Clear search" onClick={() => clear()} /> }
            : {})}
        />
        <Button
          kind="quiet"
          size="small"
          icon="filter"
          pressed={kept !== undefined}
          disabled={kept === undefined && changed.length === 0}
          onClick={() => setKept(kept === undefined ? changed : undefined)}
        >
          Only changed
        </Button>
        <Button
          kind="quiet"
          size="small"
          icon="reset"
          disabled={changed.length === 0}
          onClick={() => reset(changed, `${formatCount(changed.length, 'option is', 'options are')} reset`)}
        >
          Reset all
        </Button>
      </div>
      {isSearching || kept !== undefined ? (
        <div className={styles.found}>
          {byGroup(found).map(({ group, names }) => (
            <section key={group} aria-label={optionGroups[group]} className={styles.foundGroup}>
              <h4>{optionGroups[group]}</h4>
              {names.map(field)}
            </section>
          ))}
          {found.length === 0 && (
            <p className={styles.nothing}>
              {isSearching
                ? `No ${kept === undefined ? '' : 'changed '}option matches “${text.trim()}”.`
                : 'No option is changed.'}
            </p>
          )}
        </div>
      ) : (
        <>
          <div className={styles.fields}>{commonOptions.map(field)}</div>
          <Groups names={formOptions.filter((name) => !commonOptions.includes(name))} changed={changed}>
            {field}
          </Groups>
        </>
      )}
      <output className="visually-hidden">
        {(isSearching || kept !== undefined) && formatCount(found.length, 'option', 'options')}
      </output>
    </div>
  );

  function clear(): void {
    setText('');
    search.current?.focus();
  }
}

/** Down goes to the first option that is found. Escape clears the search, and closes the sheet only if there is none. */
function onSearchKeyDown(
  event: KeyboardEvent<HTMLInputElement>,
  text: string,
  setText: (text: string) => void,
  form: HTMLElement | null,
): void {
  if (event.key === 'Escape' && text !== '') {
    event.preventDefault();
    event.stopPropagation();
    setText('');
  } else if (event.key === 'ArrowDown' || (event.key === 'Enter' && !event.ctrlKey && !event.metaKey)) {
    event.preventDefault();
    focusControl(form?.querySelector('[data-option]'));
  }
}

function focusAtTop(input: HTMLInputElement | null): void {
  scrollToTop(input);
  input?.focus();
}

/** Scrolls only the body of the sheet. `scrollIntoView` would move the whole sheet, too. */
function scrollToTop(element: HTMLElement | null): void {
  let body = element?.parentElement;
  while (body && getComputedStyle(body).overflowY !== 'auto') {
    body = body.parentElement;
  }
  if (element && body) {
    body.scrollTop += element.getBoundingClientRect().top - body.getBoundingClientRect().top - marginTop;
  }
}

/** In pixels. */
const marginTop = 12;

interface GroupsProps {
  readonly names: readonly RequestOptionName[];
  readonly changed: readonly RequestOptionName[];
  readonly children: (name: RequestOptionName) => ReactNode;
}

/** Options by their groups, which are closed at first. Up and Down go from group to group. */
function Groups({ names, changed, children }: GroupsProps) {
  const open = useRemembered(groupsMemory);
  return (
    <div className={styles.groups} data-groups>
      {byGroup(names).map(({ group, names: all }) => (
        <OptionsGroup
          key={group}
          title={optionGroups[group]}
          names={all}
          changedCount={all.filter((name) => changed.includes(name)).length}
          isOpen={open.includes(group)}
          onToggle={(isOpen) =>
            rememberValue(groupsMemory, isOpen ? [...open, group] : open.filter((other) => other !== group))
          }
        >
          {children}
        </OptionsGroup>
      ))}
    </div>
  );
}

interface OptionsGroupProps {
  readonly title: string;
  readonly names: readonly RequestOptionName[];
  readonly changedCount: number;
  readonly isOpen: boolean;
  readonly onToggle: (isOpen: boolean) => void;
  readonly children: (name: RequestOptionName) => ReactNode;
}

function OptionsGroup({ title, names, changedCount, isOpen, onToggle, children }: OptionsGroupProps) {
  const id = useId();
  return (
    <section className={styles.optionsGroup}>
      <h4>
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls={isOpen ? id : undefined}
          className={styles.groupButton}
          onClick={() => onToggle(!isOpen)}
          onKeyDown={onGroupKeyDown}
        >
          <Icon name="chevron-right" size={14} className={styles.chevron} />
          <span className={styles.groupTitle}>{title}</span>
          <span className={styles.preview} aria-hidden="true">
            {!isOpen && names.map((name) => optionRow(name).name).join(', ')}
          </span>
          {changedCount > 0 && <span className={styles.count}>{changedCount} changed</span>}
        </button>
      </h4>
      {isOpen && (
        <div id={id} className={styles.fields}>
          {names.map(children)}
        </div>
      )}
    </section>
  );
}

function onGroupKeyDown(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = [...(event.currentTarget.closest('[data-groups]')?.querySelectorAll<HTMLElement>('h4 > button') ?? [])];
  const next = step === undefined ? undefined : all[all.indexOf(event.currentTarget) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
