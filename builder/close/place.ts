import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `file:line` of the first line that holds a text; only `file` where none does. */
export async function placeOf(tree: string, file: string, text: string): Promise<string> {
  const content = await readFile(join(tree, file), 'utf8').catch(() => '');
  const line = content.split('\n').findIndex((found) => found.includes(text));
  return line === -1 ? file : `${file}:${line + 1}`;
}
