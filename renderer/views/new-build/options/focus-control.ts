/** Moves the focus to the control of an option, and not to the buttons beside its label. @param option the element with the option */
export function focusControl(option: Element | null | undefined): void {
  const control =
    option?.querySelector<HTMLElement>(
      ':is(input, textarea):not([aria-hidden]), [role=combobox], [role=checkbox], [role=switch]',
    ) ?? option?.querySelector<HTMLElement>('button:last-of-type');
  control?.focus();
}
