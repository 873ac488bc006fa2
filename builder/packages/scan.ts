import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { entriesOf, insideLayer, whiteoutOf } from '../fetch/read-layer.ts';
import { apkPackages } from './apk.ts';
import { dpkgPackages } from './dpkg.ts';
import { goModules, MAGIC } from './go.ts';
import { npmPackage, pythonPackage } from './language.ts';
import type { FoundPackage } from './package.ts';

/** What one layer says of packages: by the file that says so. */
export interface LayerPackages {
  files: Record<string, FoundPackage[]>;
  /** Paths, and directories with a slash at the end, of layers below that this one hides. */
  hidden: string[];
  /** `ID` and `VERSION_ID` of os-release, where the layer has one. */
  system: { id: string; version: string } | null;
}

type Reader = (text: string) => FoundPackage[];

/** Files that are read whole, by their path. */
const readers: [RegExp, Reader][] = [
  [/^var\/lib\/dpkg\/status$/, dpkgPackages],
  [/^var\/lib\/dpkg\/status\.d\/[^/]+$/, (text) => dpkgPackages(text)],
  [/^(?:usr\/)?lib\/apk\/db\/installed$/, apkPackages],
  [/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/, npmPackage],
  [/\.dist-info\/METADATA$|\.egg-info\/PKG-INFO$/, pythonPackage],
];
const RELEASE = /^(?:etc|usr\/lib)\/os-release$/;
/** A linker's record of a large program, with room to spare. */
const RECORD = 1 << 20;
/** The list of a system's packages; that of a whole Debian desktop has a tenth of it. */
const LARGEST_TEXT = 64 << 20;
/** Some lines. */
const LARGEST_RELEASE = 64 << 10;

/** Reads an uncompressed layer once. */
export async function scanLayer(layer: Readable): Promise<LayerPackages> {
  // Without a prototype: a layer may name a file `__proto__`.
  const found: LayerPackages = { files: Object.create(null), hidden: [], system: null };
  for await (const entry of entriesOf(layer)) {
    const { name, type, size = 0, mode = 0 } = entry.header;
    const file = insideLayer(name) ?? name;
    found.hidden.push(...hiddenBy(file));
    if (type === 'file' && size > 0)
      await read(file, { size, executable: (mode & 0o111) !== 0 }, entry, found);
    else entry.resume();
  }
  return found;
}

function hiddenBy(file: string): string[] {
  const whiteout = whiteoutOf(file);
  if (whiteout === null) return [];
  return ['gone' in whiteout ? whiteout.gone : `${whiteout.opaque}/`];
}

/** A file of the layer as it passes by. */
type Content = AsyncIterable<unknown> & { resume(): unknown };

interface About {
  size: number;
  executable: boolean;
}

async function read(file: string, about: About, entry: Content, found: LayerPackages): Promise<void> {
  const reader = readers.find(([pattern]) => pattern.test(file))?.[1];
  if (RELEASE.test(file) && about.size <= LARGEST_RELEASE)
    found.system ??= release((await buffer(entry)).toString('utf8'));
  else if (reader !== undefined && about.size <= LARGEST_TEXT)
    keep(found, file, reader((await buffer(entry)).toString('utf8')));
  else if (about.executable && about.size > MAGIC.length) keep(found, file, await modulesIn(entry));
  else entry.resume();
}

function keep(found: LayerPackages, file: string, packages: FoundPackage[]): void {
  if (packages.length > 0) found.files[file] = packages;
}

/** Looks for the linker's record while the program passes by; what isn't ELF is passed over. */
async function modulesIn(entry: Content): Promise<FoundPackage[]> {
  const finder = new RecordFinder();
  for await (const chunk of entry) finder.take(chunk as Buffer);
  return finder.record === null ? [] : goModules(finder.record);
}

class RecordFinder {
  /** From its mark on, as much as is needed of it. */
  record: Buffer | null = null;
  /** The end of what passed by: the mark may lie across two pieces. */
  #tail: Buffer = Buffer.alloc(0);
  #program: boolean | undefined;

  take(chunk: Buffer): void {
    this.#program ??= chunk.subarray(0, ELF.length).equals(ELF);
    if (!this.#program || (this.record?.length ?? 0) >= RECORD) return;
    const joined = Buffer.concat([this.record ?? this.#tail, chunk]);
    const at = this.record === null ? joined.indexOf(MAGIC) : 0;
    if (at >= 0) this.record = joined.subarray(at);
    this.#tail = joined.subarray(-MAGIC.length + 1);
  }
}

const ELF = Buffer.from('\x7fELF', 'latin1');

/** Source: os-release(5). */
function release(text: string): { id: string; version: string } {
  const field = (name: string) =>
    new RegExp(`^${name}=["']?(?<value>[^"'\\n]*)`, 'm').exec(text)?.groups?.['value'] ?? '';
  return { id: field('ID') || 'linux', version: field('VERSION_ID') };
}
