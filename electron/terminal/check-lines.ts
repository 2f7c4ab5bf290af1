import type { Check, CheckStep, CheckStepState, Fix } from '../../shared/check.ts';
import { cleanLine, pad } from './format.ts';
import type { Paint, Style } from './paint.ts';

/** Each state has a glyph and a colour; what is wrong follows in words. */
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

const stageWidth = 'forwarding'.length;
const timeWidth = '12345 ms'.length;

/** A check as a ladder: a line about it, and one per rung. */
export function ladderLines(check: Check, paint: Paint): string[] {
  const hopWidth = Math.max(0, ...check.steps.map(({ hop = '' }) => hop.length));
  const took = check.tookMs === undefined ? '' : ` ${milliseconds(check.tookMs)}`;
  return [
    `${paint('bold', check.connection)} ${paint(statusStyles[check.status], check.status)}${paint('dim', took)}`,
    ...check.steps.map((rung) => rungLine(rung, hopWidth, paint)),
  ];
}

function rungLine({ stage, hop = '', state, tookMs, said = '' }: CheckStep, hopWidth: number, paint: Paint): string {
  const { glyph, style } = looks[state];
  const columns = [
    ` ${paint(style, glyph)}`,
    ...(hopWidth > 0 ? [pad(hop, hopWidth)] : []),
    state === 'waiting' ? paint('dim', pad(stage, stageWidth)) : pad(stage, stageWidth),
    paint('dim', pad(tookMs === undefined ? '' : milliseconds(tookMs), timeWidth, 'right')),
    cleanLine(said),
  ];
  return columns.join(' ').trimEnd();
}

/** What can be done about what a rung says, each way on a line. */
export function remedyLines({ connection }: Check, { fixes }: CheckStep, paint: Paint): string[] {
  return fixes.map((remedy) => `  ${paint('cyan', '→')} ${remedyText(connection, remedy)}`);
}

function remedyText(connection: string, { label, command, where, fix }: Fix): string {
  const byHand = command === undefined ? [] : [`\`${cleanLine(command)}\`${where === 'node' ? ' on the node' : ''}`];
  const byUs = fix === undefined ? [] : [`\`barnraiser connection fix ${connection} ${fix}\``];
  return `${label}: ${[...byUs, ...byHand].join(', or ')}`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
