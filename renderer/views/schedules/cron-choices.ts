/** Cron expressions that a choice names. */

export interface CronChoice {
  readonly value: string;
  readonly label: string;
}

/** `custom`: the person writes the expression. */
export const cronChoices: readonly CronChoice[] = [
  { value: '0 * * * *', label: 'Every hour' },
  { value: '30 2 * * *', label: 'Every night at 2:30' },
  { value: '30 2 * * 1-5', label: 'Every night before a working day' },
  { value: '0 6 * * 1', label: 'Every Monday at 6:00' },
  { value: '0 3 1 * *', label: 'On the first of each month' },
  { value: 'custom', label: 'Other times…' },
];

/** The choice that names an expression. */
export function choiceOf(cron: string): string {
  return cronChoices.some(({ value }) => value === cron) ? cron : 'custom';
}

/** What a list says of an expression: the words of its choice, or itself. */
export function cronText(cron: string): string {
  return cronChoices.find(({ value }) => value === cron)?.label ?? cron;
}
