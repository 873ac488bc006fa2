import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { all, mistakesOf } from '../../contract/document/mistakes.ts';
import { placed } from '../../contract/document/position.ts';
import { CpiabError } from '../../contract/errors.ts';
import { readTextFile, type TextFileOptions } from '../../host/input-file.ts';
import { parseJson } from './parse-json.ts';

/**
 * Reads a JSON file that a program wrote, against a schema.
 * @returns the content, and the text that it was read from.
 * @throws CpiabError E1004 for another document, carrying what is wrong with it at `file:line:column`; what
 *   `readTextFile` and `parseJson` throw.
 */
export async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  options: TextFileOptions = {},
): Promise<{ content: z.output<Schema>; text: string }> {
  const { shown = path } = options;
  const text = await readTextFile(path, options);
  const value = parseJson(text, shown);
  const parsed = schema.safeParse(value);
  if (parsed.success) return { content: parsed.data, text };
  // JSON is YAML, so the same reader finds the places. Source: YAML 1.2, section 1.2.
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const mistakes = mistakesOf(schema, value, parsed.error.issues);
  throw all([
    new CpiabError('E1004', { subject: shown, cause: parsed.error }),
    ...placed(mistakes, { document, lines, shown }),
  ]);
}
