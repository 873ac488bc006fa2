import type { z } from 'zod';
import { CpiabError, combined } from '../errors.ts';
import { nearest } from './nearest.ts';
import { keysAt } from './schema-keys.ts';

/** A place in a document: steps from its root, and whether the key or the value is meant. */
export interface Place {
  path: (string | number)[];
  at: 'key' | 'value';
}

/** Something wrong at a place in a document. `error` makes it into one, given `file:line:column path`. */
export interface Mistake extends Place {
  error(subject: string): CpiabError;
}

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

/** What a schema's issues mean to a person who wrote the document, in the document's order of finding. */
export function mistakesOf(schema: z.ZodType, value: unknown, issues: readonly Issue[]): Mistake[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    return fromIssue(schema, value, issue, path);
  });
}

function fromIssue(schema: z.ZodType, value: unknown, issue: Issue, path: Path): Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    const valid = keysAt(schema, path);
    return issue.keys.map((key) => unknownKey([...path, key], key, valid));
  }
  if (issue.code === 'invalid_union') return fromUnion(schema, value, issue, path);
  const found = valueAt(value, path);
  if (issue.message.startsWith('overlaps with ')) return [overlap(path, issue.message)];
  if (found === undefined) return [missingKey(path, expectation(issue))];
  return [wrongValue(path, expectation(issue), found)];
}

/** Of a choice, the branch that the value comes nearest to: the one with the fewest issues. */
function fromUnion(
  schema: z.ZodType,
  value: unknown,
  issue: Issue & { code: 'invalid_union' },
  path: Path,
): Mistake[] {
  const [closest] = issue.errors.toSorted((a, b) => a.length - b.length);
  if (closest === undefined) return [wrongValue(path, 'another value', valueAt(value, path))];
  return mistakesOf(
    schema,
    value,
    closest.map((inner) => ({ ...inner, path: [...path, ...inner.path] })),
  );
}

function unknownKey(path: Path, key: string, valid: string[]): Mistake {
  const args: [string, string] = [nearest(key, valid) ?? '', valid.join(', ')];
  return { path, at: 'key', error: (subject) => new CpiabError('E1001', { subject, args }) };
}

function missingKey(path: Path, expected: string): Mistake {
  const args: [string, string] = [String(path.at(-1) ?? 'document'), expected];
  return {
    path: path.slice(0, -1),
    at: 'key',
    error: (subject) => new CpiabError('E1003', { subject, args }),
  };
}

function overlap(path: Path, message: string): Mistake {
  const first = message.replace(/^overlaps with /, '');
  return { path, at: 'value', error: (subject) => new CpiabError('E1014', { subject, args: [first] }) };
}

/** Key of a value that no message shows: a box tells of a wrong seed on its console and to everybody who asks. */
const SECRET = 'passphrase';

/** A value that is not what belongs there. @param expected a noun phrase, such as `a whole number`. */
export function wrongValue(path: Path, expected: string, found: unknown): Mistake {
  const secret = path.at(-1) === SECRET && typeof found === 'string';
  const args: [string, string] = [expected, secret ? 'another text' : described(found)];
  return { path, at: 'value', error: (subject) => new CpiabError('E1002', { subject, args }) };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'text in quotes',
};

/** A noun phrase for what would have been right. Schemas' own messages say `expected …`. */
function expectation(issue: Issue): string {
  if (issue.message.startsWith('expected ')) return issue.message.slice('expected '.length);
  if (issue.code === 'invalid_type') return TYPE_NAMES[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String));
  return issue.message.replace(/^.*expected /, '');
}

function oneOf(values: string[]): string {
  return values.length === 1 ? values.join() : `one of ${values.join(', ')}`;
}

function described(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  // JSON has no infinity, which 1e999 is.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<string, unknown> | null)?.[step], value);
}

/** @param found at least one. */
export function all(found: readonly CpiabError[]): CpiabError {
  const [first, ...others] = found;
  if (first === undefined) throw new TypeError('no error among the errors');
  return combined([first, ...others]);
}
