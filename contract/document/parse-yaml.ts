import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { CpiabError } from '../errors.ts';
import { rejectConflicts } from './merge-conflict.ts';
import { all } from './mistakes.ts';
import { MOST_MISTAKES } from './position.ts';

/** A YAML text that has one document, and where its parts are. */
export interface ParsedYaml {
  value: unknown;
  document: Document.Parsed;
  lines: LineCounter;
}

/**
 * How often aliases may put a value in, counted as the `yaml` package does: nested ones multiply. A few hundred
 * bytes can stand for gigabytes so ("billion laughs"); documents of ours have none.
 */
const MOST_ALIASES = 100;

/**
 * Reads YAML text. A file without any value is null.
 * @param shown the file's name in messages.
 * @throws CpiabError, at `file:line:column` where there is one: E1007 not YAML, E1037 marks of a merge, E1038 several
 *   documents, E1039 aliases that multiply, E1040 nested too deeply, E1043 a key twice, E1044 tabs.
 */
export function parseYaml(text: string, shown: string): ParsedYaml {
  rejectConflicts(text, shown);
  const lines = new LineCounter();
  // The package compares each key with all others of its mapping, which takes minutes for what fits the limit.
  // It warns of keys that are no text by a line of its own; as unknown keys they are refused anyway.
  const quiet = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' } as const;
  const document = parseDocument(text, quiet);
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${shown}:${line}:${col}`;
  };
  // A warning counts too: it is a tag or directive that would be ignored.
  const wrong = [...document.errors, ...document.warnings]
    .slice(0, MOST_MISTAKES)
    .map(({ code, message, pos }) => syntaxError(code, message, place(pos[0])));
  if (wrong.length > 0) throw all(wrong);
  const twice = repeatedKeys(document).slice(0, MOST_MISTAKES);
  if (twice.length > 0)
    throw all(twice.map(({ key, at }) => new CpiabError('E1043', { subject: place(at), args: [key] })));
  return { value: expanded(document, shown), document, lines };
}

function syntaxError(code: string, message: string, subject: string): CpiabError {
  switch (code) {
    case 'TAB_AS_INDENT':
      return new CpiabError('E1044', { subject });
    case 'MULTIPLE_DOCS':
      return new CpiabError('E1038', { subject });
    case 'RESOURCE_EXHAUSTION':
      return new CpiabError('E1040', { subject });
    default:
      return new CpiabError('E1007', { subject, args: [message] });
  }
}

/** Keys that their mapping has already. */
export function repeatedKeys(document: Document.Parsed): { key: string; at: number }[] {
  const found: { key: string; at: number }[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) found.push({ key: name, at: key.range?.[0] ?? 0 });
        seen.add(name);
      }
    },
  });
  return found;
}

function expanded(document: Document.Parsed, shown: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    // The package throws the same for an alias of nothing.
    if (cause.message.startsWith('Unresolved alias'))
      throw new CpiabError('E1007', { subject: shown, args: [cause.message], cause });
    throw new CpiabError('E1039', { subject: shown, args: [String(MOST_ALIASES)], cause });
  }
}
