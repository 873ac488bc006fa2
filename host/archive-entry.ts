import { CpiabError } from '../contract/errors.ts';

/** What a member of an archive says of itself, as `tar-stream` reads it. */
export interface ArchiveEntry {
  name: string;
  type?: string | null | undefined;
  /** Permission bits. */
  mode?: number | undefined;
  /** Where a link leads. */
  linkname?: string | null | undefined;
}

/** Bits that let who starts a file become another: set-user-ID, set-group-ID, and the sticky one. */
const SPECIAL = 0o7000;

/**
 * Refuses a member that no archive of ours has, whatever would be made of it: one that is no plain file, that has
 * special bits, or whose path leads elsewhere.
 * @param types that may come besides plain files.
 * @throws CpiabError E2133 with the member's name.
 */
export function expectPlain(
  { name, type, mode = 0, linkname }: ArchiveEntry,
  archive: string,
  types: readonly string[] = [],
): void {
  const refuse = (what: string) => new CpiabError('E2133', { subject: archive, args: [name, what] });
  if (type !== 'file' && !types.includes(type ?? ''))
    throw refuse(`is a ${type ?? 'member of unknown type'}`);
  if ((mode & SPECIAL) !== 0) throw refuse(`has special permission bits (${mode.toString(8)})`);
  if (leadsAway(name.replace(/\/$/, ''))) throw refuse('has a path that leads elsewhere');
  if (type === 'link' && leadsAway(linkname ?? '')) throw refuse('is a link that leads elsewhere');
}

const leadsAway = (path: string) =>
  path.split('/').some((part) => part === '' || part === '.' || part === '..');
