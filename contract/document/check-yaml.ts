import type { z } from 'zod';
import { CpiabError } from '../errors.ts';
import { all, type Mistake, mistakesOf } from './mistakes.ts';
import { parseYaml } from './parse-yaml.ts';
import { placed } from './position.ts';

/** A document that keeps to its schema, with what later checks need to name a place in it. */
export interface CheckedDocument<Content> {
  content: Content;
  /** Errors at places in the document, their subjects `file:line:column path`. */
  mistakes(found: readonly Mistake[]): CpiabError[];
}

/**
 * Holds YAML text to a schema and finds all mistakes in one run.
 * @param shown the file's name in messages.
 * @throws CpiabError E1034 empty; E1001 unknown key, E1002 wrong value, E1003 missing key, E1014 overlap, each at
 *   `file:line:column`, the first carrying the others; what `parseYaml` throws.
 */
export function checkYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  shown: string,
): CheckedDocument<z.output<Schema>> {
  const { value, ...source } = parseYaml(text, shown);
  if (value === null) throw new CpiabError('E1034', { subject: shown });
  const mistakes = (found: readonly Mistake[]) => placed(found, { ...source, shown });
  const parsed = schema.safeParse(value);
  if (parsed.success) return { content: parsed.data, mistakes };
  throw all(mistakes(mistakesOf(schema, value, parsed.error.issues)));
}
