import { useId, useState } from 'react';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import { Button } from '../../parts/Button.tsx';
import { type ChipKind, PlatformChip } from '../../parts/Chip.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { describeNodes } from '../farm/CoverageList.tsx';
import type { Coverage } from '../farm/coverage.ts';
import { parsePlatformEntry } from './draft.ts';
import styles from './NewBuild.module.css';
import { Section } from './Section.tsx';

/** Suggestions for the text field. */
const commonPlatforms =
  'linux/amd64 linux/arm64 linux/arm/v7 linux/arm/v6 linux/386 linux/ppc64le linux/s390x linux/riscv64'.split(' ');

interface PlatformSectionProps {
  readonly coverage: readonly Coverage[];
  /** All listed platforms: those that nodes support, and those that were added. */
  readonly offered: readonly Platform[];
  readonly selected: readonly Platform[];
  readonly emulate: boolean;
  /** By platform, why no node can build it. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly onSelect: (platforms: readonly Platform[]) => void;
  readonly onAdd: (platform: Platform) => void;
}

export function PlatformSection({
  coverage,
  offered,
  selected: chosen,
  emulate,
  reasons,
  onSelect: onChoose,
  onAdd,
}: PlatformSectionProps) {
  return (
    <Section
      title="Platforms"
      note={<SelectionButtons coverage={coverage} offered={offered} selected={chosen} onSelect={onChoose} />}
    >
      <ul className={styles.chips} aria-label="Platforms to build">
        {offered.map((platform) => {
          const { kind, reason } = describeSupport(coverage, platform, emulate, reasons);
          const isSelected = chosen.includes(platform);
          return (
            <li key={platform}>
              <PlatformChip
                platform={platform}
                kind={kind}
                reason={reason}
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
    </Section>
  );
}

function describeSupport(
  coverage: readonly Coverage[],
  platform: Platform,
  emulate: boolean,
  reasons: PlatformSectionProps['reasons'],
): { kind: ChipKind; reason: string } {
  const covered = coverage.find((entry) => entry.platform === platform);
  if (covered && covered.native.length > 0) {
    return { kind: 'native', reason: describeNodes(covered) };
  }
  if (covered && emulate) {
    return { kind: 'emulated', reason: describeNodes(covered) };
  }
  const why = covered ? 'needs emulation, which is turned off' : 'no node can build this platform';
  return { kind: 'impossible', reason: reasons[platform] ?? why };
}

/** Buttons that select all native or all supported platforms. */
function SelectionButtons({
  coverage,
  offered,
  selected: chosen,
  onSelect: onChoose,
}: Pick<PlatformSectionProps, 'coverage' | 'offered' | 'selected' | 'onSelect'>) {
  const native = coverage.filter(({ isDefault }) => isDefault).map(({ platform }) => platform);
  const supported = offered.filter((platform) => coverage.some((entry) => entry.platform === platform));
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
          Select all {supported.length}
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
  onAdd: (platform: Platform) => void;
}) {
  const [text, setText] = useState<string>();
  const [error, setError] = useState<string>();
  const id = useId();

  function add(): void {
    const entry = parsePlatformEntry(text ?? '', chosen);
    if (entry.platform) {
      onAdd(entry.platform);
      setText('');
      setError(undefined);
    } else {
      setError(entry.error);
    }
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
        label="Other platform"
        hideLabel
        mono
        autoFocus
        placeholder="linux/arm/v7"
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
        Add platform
      </Button>
    </div>
  );
}
