import { readFile } from 'node:fs/promises';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { CpiabError, combined } from '../../contract/errors.ts';
import { type Mistake, mistakesOf } from './mistakes.ts';
import { positionOf } from './position.ts';

/** A document read from a file, with what later checks need to name a place in it. */
export interface ReadDocument<Content> {
  content: Content;
  /** An error at a place in the document, its subject `file:line:column path`. */
  mistake(found: Mistake): CpiabError;
}

/**
 * Reads a YAML file against a schema and finds all mistakes in one run.
 * @param shown the file's name in messages.
 * @throws CpiabError E1006 no such file; E1007 not YAML; E1001 unknown key, E1002 wrong value, E1003 missing key,
 *   E1014 overlap, each at `file:line:column`, the first carrying the others.
 */
export async function readYaml<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  shown: string = path,
): Promise<ReadDocument<z.output<Schema>>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CpiabError('E1006', { subject: shown, cause });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  rejectSyntax(document, lines, shown);
  const mistake = (found: Mistake) => toError(document, lines, shown, found);
  const position = (found: Mistake) => positionOf(document, found);
  const value: unknown = document.toJS();
  const parsed = schema.safeParse(value);
  if (parsed.success) return { content: parsed.data, mistake };
  const mistakes = mistakesOf(schema, value, parsed.error.issues);
  throw all(mistakes.toSorted((a, b) => position(a) - position(b)).map(mistake));
}

/** @param found at least one. */
export function all(found: CpiabError[]): CpiabError {
  const [first, ...others] = found;
  if (first === undefined) throw new TypeError('no error among the errors');
  return combined([first, ...others]);
}

/** A warning counts too: it is a tag or directive that would be ignored. */
function rejectSyntax(document: Document.Parsed, lines: LineCounter, shown: string): void {
  const found = [...document.errors, ...document.warnings].map(({ pos, message, code }) => {
    const { line, col } = lines.linePos(pos[0]);
    const what = code === 'DUPLICATE_KEY' ? 'the same key twice' : message;
    return new CpiabError('E1007', { subject: `${shown}:${line}:${col}`, args: [what] });
  });
  if (found.length > 0) throw all(found);
}

function toError(document: Document, lines: LineCounter, shown: string, found: Mistake): CpiabError {
  const { line, col } = lines.linePos(positionOf(document, found));
  const path = found.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  const subject = `${shown}:${line}:${col}${path === '' ? '' : ` ${path.replace(/^\./, '')}`}`;
  return found.error(subject);
}
