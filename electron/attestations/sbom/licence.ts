import parse from 'spdx-expression-parse';

/** Whether a licence is an expression of SPDX, with the names of its list of licences. */
export function isLicenceExpression(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
