import { useId, useState } from 'react';
import { formatList, formatPlatform } from '../../../shared/format.ts';
import { commonPlatforms, needsNewerProcessor, type Platform, parsePlatform } from '../../../shared/platform.ts';
import { wordOf } from '../../../shared/words.ts';
import { Button } from '../../parts/Button.tsx';
import { type ChipKind, PlatformChip } from '../../parts/Chip.tsx';
import { contextMenu } from '../../parts/context-menu.ts';
import { TextField } from '../../parts/TextField.tsx';
import type { Coverage } from '../../stores/coverage.ts';
import { describeNodes } from '../farm/CoverageList.tsx';
import { parsePlatformEntry } from './draft.ts';
import styles from './NewBuild.module.css';
import { Section } from './Section.tsx';
import type { Preview } from './use-preview.ts';

interface PlatformSectionProps {
  readonly coverage: readonly Coverage[];
  /** All listed platforms: those that nodes support, and those that were added. */
  readonly offered: readonly Platform[];
  readonly selected: readonly Platform[];
  /** Those without which the build is done all the same. */
  readonly optional: readonly Platform[];
  readonly emulate: boolean;
  readonly preview: Pick<Preview, 'schedule' | 'isLoading'>;
  readonly onSelect: (platforms: readonly Platform[]) => void;
  readonly onOptional: (platforms: readonly Platform[]) => void;
  readonly onAdd: (platforms: readonly Platform[]) => void;
}

export function PlatformSection({
  coverage,
  offered,
  selected: chosen,
  optional,
  emulate,
  preview,
  onSelect: onChoose,
  onOptional,
  onAdd,
}: PlatformSectionProps) {
  const hintId = useId();
  return (
    <Section
      title="Platforms"
      note={<SelectionButtons coverage={coverage} offered={offered} selected={chosen} onSelect={onChoose} />}
    >
      <ul className={styles.chips} aria-label="Platforms to build" aria-describedby={hintId}>
        {offered.map((platform) => {
          const { kind, reason } = describeSupport(platform, coverage, emulate, preview);
          const isSelected = chosen.includes(platform);
          const isOptional = isSelected && optional.includes(platform);
          const toggleOptional = (): void =>
            onOptional(isOptional ? optional.filter((other) => other !== platform) : [...optional, platform]);
          return (
            <li
              key={platform}
              {...contextMenu(() =>
                isSelected
                  ? [
                      {
                        label: isOptional
                          ? `Require ${formatPlatform(platform)}`
                          : `Make ${formatPlatform(platform)} optional`,
                        hint: 'O',
                        icon: isOptional ? 'check' : 'minus',
                        run: toggleOptional,
                      },
                    ]
                  : [],
              )}
              onKeyDown={(event) => {
                if (event.key === 'o' && isSelected && !event.ctrlKey && !event.metaKey && !event.altKey) {
                  event.preventDefault();
                  toggleOptional();
                }
              }}
            >
              <PlatformChip
                platform={platform}
                kind={kind}
                reason={isOptional ? `${reason} · optional: the image is made without it if it fails` : reason}
                optional={isOptional}
                chosen={isSelected}
                onToggle={() =>
                  onChoose(
                    isSelected
                      ? chosen.filter((other) => other !== platform)
                      : offered.filter((other) => other === platform || chosen.includes(other)),
                  )
                }
              />
            </li>
          );
        })}
        <li>
          <OtherPlatformField chosen={chosen} offered={offered} onAdd={onAdd} />
        </li>
      </ul>
      {chosen.length > 1 && (
        <p id={hintId} className={styles.note}>
          Right-click a chosen platform, or press O, to make it optional: if it fails, the image is made without it.
        </p>
      )}
    </Section>
  );
}

/** The build plan decides. What it does not have yet is described by what the nodes can build. */
function describeSupport(
  platform: Platform,
  coverage: readonly Coverage[],
  emulate: boolean,
  { schedule, isLoading }: PlatformSectionProps['preview'],
): { kind: ChipKind; reason: string } {
  const covered = coverage.find((entry) => entry.platform === platform);
  const assignment = isLoading ? undefined : schedule?.assignments.find((entry) => entry.platform === platform);
  if (assignment) {
    const { mode, node } = assignment;
    return { kind: mode, reason: covered ? describeNodes(covered) : `${wordOf(mode)} on ${node}` };
  }
  const unassigned = isLoading ? undefined : schedule?.unassigned.find((entry) => entry.platform === platform);
  if (unassigned) {
    return { kind: 'impossible', reason: unassigned.problem.message };
  }
  if (covered && covered.native.length > 0) {
    return { kind: 'native', reason: describeNodes(covered) };
  }
  if (covered) {
    return emulate
      ? { kind: 'emulated', reason: describeNodes(covered) }
      : { kind: 'impossible', reason: 'needs emulation, which is turned off' };
  }
  return isLoading
    ? { kind: 'neutral', reason: 'checking which nodes can build it' }
    : { kind: 'impossible', reason: 'no node can build this platform' };
}

/** Buttons that select all native or all supported platforms. */
function SelectionButtons({
  coverage,
  offered,
  selected: chosen,
  onSelect: onChoose,
}: Pick<PlatformSectionProps, 'coverage' | 'offered' | 'selected' | 'onSelect'>) {
  const native = coverage.filter(({ isDefault }) => isDefault).map(({ platform }) => platform);
  // an image for newer processors is only built on request, beside the one that all processors run
  const supported = offered.filter(
    (platform) => coverage.some((entry) => entry.platform === platform) && !needsNewerProcessor(platform),
  );
  const isNative = native.length === chosen.length && native.every((platform) => chosen.includes(platform));
  const isAll = supported.length === chosen.length && supported.every((platform) => chosen.includes(platform));
  return (
    <span className={styles.quick}>
      {native.length > 0 && !isNative && (
        <Button size="small" kind="quiet" onClick={() => onChoose(native)}>
          Select native
        </Button>
      )}
      {supported.length > native.length && !isAll && (
        <Button size="small" kind="quiet" onClick={() => onChoose(supported)}>
          Select {supported.length > 4 ? `all ${supported.length}` : formatList(supported.map(formatPlatform))}
        </Button>
      )}
    </span>
  );
}

function OtherPlatformField({
  chosen,
  offered,
  onAdd,
}: {
  chosen: readonly Platform[];
  offered: readonly Platform[];
  onAdd: (platforms: readonly Platform[]) => void;
}) {
  const [text, setText] = useState<string>();
  const [error, setError] = useState<string>();
  const id = useId();

  function add(): void {
    const entry = parsePlatformEntry(text ?? '', chosen);
    if (entry.platforms.length > 0) {
      onAdd(entry.platforms);
    }
    setText(entry.error === undefined ? '' : entry.rest || text);
    setError(entry.error);
  }

  if (text === undefined) {
    return (
      <Button size="small" kind="quiet" icon="plus" onClick={() => setText('')}>
        Other…
      </Button>
    );
  }
  return (
    <div className={styles.other}>
      <TextField
        label="Other platforms"
        hideLabel
        mono
        autoFocus
        placeholder="linux/arm/v7, linux/s390x"
        list={id}
        value={text}
        error={error}
        onChange={(next) => {
          setText(next);
          setError(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            add();
          } else if (event.key === 'Escape') {
            // Escape closes the field but not the sheet
            event.stopPropagation();
            event.preventDefault();
            setText(undefined);
            setError(undefined);
          }
        }}
        onBlur={() => {
          if (text.trim() === '') {
            setText(undefined);
            setError(undefined);
          }
        }}
      />
      <datalist id={id}>
        {commonPlatforms
          .filter((name) => !offered.some((platform) => platform === parsePlatform(name)))
          .map((name) => (
            <option key={name} value={name} />
          ))}
      </datalist>
      <Button size="small" disabled={text.trim() === ''} onClick={add}>
        Add
      </Button>
    </div>
  );
}
