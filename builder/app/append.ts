import { type Document, isSeq, parseDocument } from 'yaml';
import { writeAtomic } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';

/** Adds texts to lists of a YAML file, each once. Comments and order stay. */
export async function appendTo(
  path: string,
  lists: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const document: Document = parseDocument(await readTextFile(path));
  for (const [key, entries] of Object.entries(lists)) {
    const list = document.get(key);
    const known: unknown = isSeq(list) ? list.toJSON() : [];
    for (const entry of entries.filter((each) => !(known as unknown[]).includes(each)))
      document.addIn([key], entry);
  }
  await writeAtomic(path, document.toString({ lineWidth: 0 }));
}
