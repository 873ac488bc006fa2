import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { CpiabError } from '../../contract/errors.ts';
import { medium } from '../../contract/layout.ts';
import type { Medium, OpenFile } from './medium.ts';

/** Opens a bundle directory as it lies in `dist/<site>/bundle`. */
export function openDirectory(path: string): Medium {
  const absolute = (name: string) => join(path, relative(medium.bundle, name));
  return {
    kind: 'directory',
    path,
    read: async (name) =>
      await readFile(absolute(name)).catch((cause: unknown) => {
        throw new CpiabError('E2105', { subject: absolute(name), cause });
      }),
    files: async function* () {
      const linked = new Map<string, string>();
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((found) => !found.isDirectory())) {
        const file = join(entry.parentPath, entry.name);
        const { size, dev, ino, nlink } = await stat(file);
        const name = join(medium.bundle, relative(path, file));
        const first = nlink > 1 ? linked.get(`${dev}:${ino}`) : undefined;
        linked.set(`${dev}:${ino}`, first ?? name);
        if (first === undefined) yield fileOf(name, size, file);
        else yield { path: name, size: 0, content: Readable.from([]), linkTo: first };
      }
    },
    seal: null,
  };
}

/** A file whose stream is opened when it is first asked for. */
const fileOf = (name: string, size: number, file: string): OpenFile => ({
  path: name,
  size,
  onDisk: file,
  get content() {
    return createReadStream(file);
  },
});
