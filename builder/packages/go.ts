import type { FoundPackage } from './package.ts';

/** Where the linker's record begins. Source: Go's debug/buildinfo. */
export const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
/** The two strings follow the header at this distance when its flag says that they are inline (Go 1.18 on). */
const STRINGS_AT = 32;
const INLINE = 2;
/** Marks around the text of modules; the linker puts them there so that it can be found. */
const MARK = 16;

/**
 * Modules that a Go program was linked from.
 * @param bytes from `MAGIC` on; as much as there is of the record.
 */
export function goModules(bytes: Buffer): FoundPackage[] {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || ((bytes[15] ?? 0) & INLINE) === 0) return [];
  const version = readString(bytes, STRINGS_AT);
  const text = version === null ? null : readString(bytes, version.end);
  if (version === null || text === null) return [];
  const modules = readModules(text.value.subarray(MARK, -MARK).toString('utf8')).map(
    ({ name, version: linked }) => ({ type: 'golang', name, version: linked, licence: null }) as const,
  );
  const go = version.value.toString('utf8').split(' ', 1)[0]?.replace(/^go/, '') ?? '';
  return [...modules, { type: 'golang', name: 'stdlib', version: go, licence: 'BSD-3-Clause' }];
}

/** A module that a program was linked from. */
export interface GoModule {
  name: string;
  version: string;
  /** Whether it is the program's own. */
  main: boolean;
}

/** Reads the lines about modules of the linker's text, which `go version -m` prints as well, a tab before each. */
export function readModules(text: string): GoModule[] {
  const found: GoModule[] = [];
  for (const line of text.split('\n')) {
    const [kind, name = '', version = ''] = line.trimStart().split('\t');
    // The line after a replaced module names what was taken instead of it.
    const main = kind === '=>' ? found.pop()?.main === true : kind === 'mod';
    if (kind === 'mod' || kind === 'dep' || kind === '=>') found.push({ name, version, main });
  }
  return found.filter(({ name }) => name !== '');
}

/** A length as an unsigned varint, then the bytes. */
function readString(bytes: Buffer, at: number): { value: Buffer; end: number } | null {
  let length = 0;
  let start = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[start++];
    if (byte === undefined || shift > 28) return null;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  const end = start + length;
  return end > bytes.length ? null : { value: bytes.subarray(start, end), end };
}
