/** What a registry wants to see before it answers. Source: RFC 9110 section 11.6.1. */
export interface Challenge {
  /** Lower case. */
  scheme: string;
  /** Parameters, names in lower case. */
  parameters: Record<string, string>;
}

const part =
  /(?<name>[\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"]+))|(?<scheme>[\w-]+)/gy;
const separator = /[\s,]*/gy;

/** Reads every challenge of a `WWW-Authenticate` header. What can't be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const found: Challenge[] = [];
  let at = 0;
  while (at < header.length) {
    separator.lastIndex = at;
    at += separator.exec(header)?.[0].length ?? 0;
    part.lastIndex = at;
    const match = part.exec(header);
    if (match === null) break;
    at = part.lastIndex;
    take(found, match.groups ?? {});
  }
  return found;
}

function take(found: Challenge[], { scheme, name, quoted, plain }: Record<string, string | undefined>): void {
  if (scheme !== undefined) {
    found.push({ scheme: scheme.toLowerCase(), parameters: {} });
    return;
  }
  const last = found.at(-1);
  if (last === undefined || name === undefined) return;
  last.parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
}
