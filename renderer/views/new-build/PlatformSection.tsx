import { useId, useState } from 'react';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import { Button } from '../../parts/Button.tsx';
import { type ChipKind, PlatformChip } from '../../parts/Chip.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { namesOf } from '../farm/Coverage.tsx';
import type { Coverage } from '../farm/coverage.ts';
import { readPlatform } from './draft.ts';
import styles from './NewBuild.module.css';
import { Section } from './Section.tsx';

/** Platforms that people ask for, offered as one writes. */
const usual =
  'linux/amd64 linux/arm64 linux/arm/v7 linux/arm/v6 linux/386 linux/ppc64le linux/s390x linux/riscv64'.split(' ');

interface PlatformSectionProps {
  readonly coverage: readonly Coverage[];
  /** Everything that is shown: what nodes can, and what a person has asked for besides. */
  readonly offered: readonly Platform[];
  readonly chosen: readonly Platform[];
  readonly emulate: boolean;
  /** Why nobody can build a platform, where that is known. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly onChoose: (platforms: readonly Platform[]) => void;
  readonly onAdd: (platform: Platform) => void;
}

export function PlatformSection({
  coverage,
  offered,
  chosen,
  emulate,
  reasons,
  onChoose,
  onAdd,
}: PlatformSectionProps) {
  return (
    <Section
      title="Platforms"
      note={<Quick coverage={coverage} offered={offered} chosen={chosen} onChoose={onChoose} />}
    >
      <ul className={styles.chips} aria-label="Platforms to build">
        {offered.map((platform) => {
          const { kind, reason } = ability(coverage, platform, emulate, reasons);
          const isChosen = chosen.includes(platform);
          return (
            <li key={platform}>
              <PlatformChip
                platform={platform}
                kind={kind}
                reason={reason}
                chosen={isChosen}
                onToggle={() =>
                  onChoose(
                    isChosen
                      ? chosen.filter((other) => other !== platform)
                      : offered.filter((other) => other === platform || chosen.includes(other)),
                  )
                }
              />
            </li>
          );
        })}
        <li>
          <OtherPlatform chosen={chosen} offered={offered} onAdd={onAdd} />
        </li>
      </ul>
    </Section>
  );
}

function ability(
  coverage: readonly Coverage[],
  platform: Platform,
  emulate: boolean,
  reasons: PlatformSectionProps['reasons'],
): { kind: ChipKind; reason: string } {
  const covered = coverage.find((each) => each.platform === platform);
  if (covered && covered.native.length > 0) {
    return { kind: 'native', reason: namesOf(covered) };
  }
  if (covered && emulate) {
    return { kind: 'emulated', reason: namesOf(covered) };
  }
  const why = covered ? 'it would be emulated, which is switched off' : 'no node can build it';
  return { kind: 'impossible', reason: reasons[platform] ?? why };
}

/** All native ones, everything, as one press. */
function Quick({
  coverage,
  offered,
  chosen,
  onChoose,
}: Pick<PlatformSectionProps, 'coverage' | 'offered' | 'chosen' | 'onChoose'>) {
  const native = coverage.filter(({ isDefault }) => isDefault).map(({ platform }) => platform);
  const able = offered.filter((platform) => coverage.some((each) => each.platform === platform));
  const isNative = native.length === chosen.length && native.every((platform) => chosen.includes(platform));
  const isAll = able.length === chosen.length && able.every((platform) => chosen.includes(platform));
  return (
    <span className={styles.quick}>
      {native.length > 0 && !isNative && (
        <Button size="small" kind="quiet" onClick={() => onChoose(native)}>
          Only native
        </Button>
      )}
      {able.length > native.length && !isAll && (
        <Button size="small" kind="quiet" onClick={() => onChoose(able)}>
          Choose all {able.length}
        </Button>
      )}
    </span>
  );
}

function OtherPlatform({
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
    const entry = readPlatform(text ?? '', chosen);
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
        Other
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
            // it closes the field, not the sheet
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
        {usual
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
