import type { z } from 'zod';
import { type CheckedDocument, checkYaml } from '../../contract/document/check-yaml.ts';
import { readTextFile } from '../../host/input-file.ts';

/**
 * Reads a YAML file against a schema and finds all mistakes in one run.
 * @param shown the file's name in messages.
 * @throws what `readTextFile` and `checkYaml` throw.
 */
export async function readYaml<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  shown: string = path,
): Promise<CheckedDocument<z.output<Schema>>> {
  return checkYaml(await readTextFile(path, { shown }), schema, shown);
}
