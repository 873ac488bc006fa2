import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { CpiabError } from '../../contract/errors.ts';
import { medium } from '../../contract/layout.ts';
import { fileError, kindOf } from '../../host/input-file.ts';
import { type Medium, missing, type OpenFile, refuseLarge } from './medium.ts';

/** Opens a bundle directory as it lies in `dist/<site>/bundle`. */
export function openDirectory(path: string): Medium {
  const absolute = (name: string) => join(path, relative(medium.bundle, name));
  return {
    kind: 'directory',
    path,
    read: async (name) => {
      const found = await lstat(absolute(name)).catch((cause: NodeJS.ErrnoException) => {
        throw cause.code === 'ENOENT' ? missing(path, name) : fileError(cause, absolute(name));
      });
      refuseOther(found, absolute(name));
      refuseLarge(absolute(name), found.size);
      return await readFile(absolute(name)).catch((cause: unknown) => {
        throw fileError(cause, absolute(name));
      });
    },
    files: async function* () {
      const linked = new Map<string, string>();
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((found) => !found.isDirectory())) {
        const file = join(entry.parentPath, entry.name);
        const found = await lstat(file);
        refuseOther(found, file);
        const { size, dev, ino, nlink } = found;
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

/** A device has no end, a pipe perhaps no beginning, and a link leads out of what was signed. */
function refuseOther(found: Stats, subject: string): void {
  if (!found.isFile()) throw new CpiabError('E2132', { subject, args: [kindOf(found)] });
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
