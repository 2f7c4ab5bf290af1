import type { Check, CheckStep, CheckStepState, Fix } from '../../../shared/check.ts';
import { wordOf } from '../../../shared/words.ts';
import { pad } from './columns.ts';
import type { Paint, Style } from './paint.ts';
import { cleanLine } from './text.ts';

/** Each state has a glyph and a color. The problem follows as text. */
const looks: Readonly<Record<CheckStepState, { readonly glyph: string; readonly style: Style }>> = {
  waiting: { glyph: '·', style: 'dim' },
  running: { glyph: '…', style: 'cyan' },
  passed: { glyph: '✓', style: 'green' },
  warned: { glyph: '!', style: 'yellow' },
  failed: { glyph: '✗', style: 'red' },
};

const statusStyles: Readonly<Record<Check['status'], Style>> = {
  running: 'cyan',
  passed: 'green',
  failed: 'red',
  cancelled: 'yellow',
};

const stageWidth = 'reverse-forwarding'.length;
const timeWidth = '12345 ms'.length;

/** A line about the check, and one line per step. */
export function reportLines(check: Check, paint: Paint): string[] {
  const hopWidth = Math.max(0, ...check.steps.map(({ hop = '' }) => hop.length));
  const took = check.tookMs === undefined ? '' : ` ${milliseconds(check.tookMs)}`;
  return [
    `${paint('bold', check.connection)} ${paint(statusStyles[check.status], wordOf(check.status))}${paint('dim', took)}`,
    ...check.steps.map((step) => stepLine(step, hopWidth, paint)),
  ];
}

function stepLine({ stage, hop = '', state, tookMs, finding = '' }: CheckStep, hopWidth: number, paint: Paint): string {
  const { glyph, style } = looks[state];
  const columns = [
    ` ${paint(style, glyph)}`,
    ...(hopWidth > 0 ? [pad(hop, hopWidth)] : []),
    state === 'waiting' ? paint('dim', pad(stage, stageWidth)) : pad(stage, stageWidth),
    paint('dim', pad(tookMs === undefined ? '' : milliseconds(tookMs), timeWidth, 'right')),
    cleanLine(finding),
  ];
  return columns.join(' ').trimEnd();
}

/** The fixes of a step, one per line. */
export function fixLines({ connection }: Check, { fixes }: CheckStep, paint: Paint): string[] {
  return fixes.map((fix) => `  ${paint('cyan', '→')} ${fixText(connection, fix)}`);
}

function fixText(connection: string, { label, command, where, fix }: Fix): string {
  const manual = command === undefined ? [] : [`\`${cleanLine(command)}\`${where === 'node' ? ' on the node' : ''}`];
  const automatic = fix === undefined ? [] : [`\`barnraiser connection fix ${connection} ${fix}\``];
  return `${label}: ${[...automatic, ...manual].join(', or ')}`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
