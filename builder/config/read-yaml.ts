import type { z } from 'zod';
import { all, type Mistake, mistakesOf } from '../../contract/document/mistakes.ts';
import { parseYaml } from '../../contract/document/parse-yaml.ts';
import { placed } from '../../contract/document/position.ts';
import { CpiabError } from '../../contract/errors.ts';
import { readTextFile } from '../../host/input-file.ts';

/** A document read from a file, with what later checks need to name a place in it. */
export interface ReadDocument<Content> {
  content: Content;
  /** Errors at places in the document, their subjects `file:line:column path`. */
  mistakes(found: readonly Mistake[]): CpiabError[];
}

/**
 * Reads a YAML file against a schema and finds all mistakes in one run.
 * @param shown the file's name in messages.
 * @throws CpiabError E1034 empty; E1001 unknown key, E1002 wrong value, E1003 missing key, E1014 overlap, each at
 *   `file:line:column`, the first carrying the others; what `readTextFile` and `parseYaml` throw.
 */
export async function readYaml<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  shown: string = path,
): Promise<ReadDocument<z.output<Schema>>> {
  const { value, ...source } = parseYaml(await readTextFile(path, { shown }), shown);
  if (value === null) throw new CpiabError('E1034', { subject: shown });
  const mistakes = (found: readonly Mistake[]) => placed(found, { ...source, shown });
  const parsed = schema.safeParse(value);
  if (parsed.success) return { content: parsed.data, mistakes };
  throw all(mistakes(mistakesOf(schema, value, parsed.error.issues)));
}
