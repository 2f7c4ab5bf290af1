/** An authentication scheme in a `WWW-Authenticate` header. Names of schemes and parameters are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Parses the challenges of all `WWW-Authenticate` headers of a response, in their order. One header may hold several
 * challenges, and a quoted value may hold commas. Anything else is skipped. Grammar: RFC 9110, 11.6.1.
 */
export function parseChallenges(headers: string | readonly string[] | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const schemePattern = /[!#$%&'*+.^_`|~\w-]+/y;
  const parameterPattern = /([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
  for (const text of typeof headers === 'string' ? [headers] : (headers ?? [])) {
    let position = 0;
    const match = (pattern: RegExp): RegExpExecArray | null => {
      pattern.lastIndex = position;
      const result = pattern.exec(text);
      position = result ? pattern.lastIndex : position;
      return result;
    };
    while (position < text.length) {
      const parameter = match(parameterPattern);
      const current = challenges.at(-1);
      if (parameter) {
        const [, name = '', quotedValue, plainValue = ''] = parameter;
        if (current) {
          current.parameters[name.toLowerCase()] = quotedValue?.replace(/\\(.)/g, '$1') ?? plainValue;
        }
        continue;
      }
      const scheme = match(schemePattern);
      if (scheme) {
        challenges.push({ scheme: scheme[0].toLowerCase(), parameters: {} });
      } else {
        position += 1;
      }
    }
  }
  return challenges;
}
