import { copyFile, mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { writeAtomic } from '../../host/files.ts';
import { runInTerminal } from '../../host/terminal-process.ts';
import { plainFields } from '../../policy/rules/secrets.ts';
import { ensureKey, manifestsBelow, type Rendered } from './render.ts';
import type { Workbench } from './workbench.ts';

/** Source: linux/magic.h, TMPFS_MAGIC. */
const TMPFS = 0x01021994;
/** Source: SOPS, cmd/sops/codes, FileHasNotBeenModified. */
const NOT_MODIFIED = 200;

/**
 * Opens one Secret in the person's editor. Plain text is in a file while it is edited, in memory and in a
 * directory of this user, which is gone at the end.
 * @param which `APP/NAME`.
 * @throws CpiabError E1423, E1424, E3095, E4050.
 */
export async function editSecret(bench: Workbench, which: string): Promise<Rendered> {
  const { repository, site, signal } = bench;
  const { key } = await ensureKey(bench);
  const folder = siteSecrets.folder(site.name);
  const path = `${folder}/${which}.yaml`;
  const known = await manifestsBelow(repository, folder);
  if (!known.includes(path)) {
    const names = known.map((one) => one.slice(folder.length + 1, -'.yaml'.length));
    throw new CpiabError('E1424', { subject: which, args: [names.join(', ') || 'none'] });
  }
  const scratch = await memoryDirectory();
  try {
    const copy = join(scratch, 'secret.yaml');
    await copyFile(join(repository, path), copy);
    const status = await runInTerminal([bench.program, 'edit', copy], {
      env: { SOPS_AGE_KEY_FILE: key.path, SOPS_DISABLE_VERSION_CHECK: 'true', TMPDIR: scratch },
      signal,
    });
    if (status === NOT_MODIFIED) return { path, state: 'unchanged' };
    if (status !== 0) throw failed(path, `exit status ${status}`);
    const edited = await readFile(copy, 'utf8');
    const [plain] = plainFields(path, edited);
    if (plain !== undefined) throw failed(path, plain.what);
    await writeAtomic(join(repository, path), edited);
    return { path, state: 'written' };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const failed = (path: string, why: string) => new CpiabError('E3095', { subject: path, args: ['edit', why] });

const memoryPlaces = () => [process.env['XDG_RUNTIME_DIR'], '/dev/shm'];

/** A new directory, mode 0700, that no disk has. @throws CpiabError E4050. */
export async function memoryDirectory(places: (string | undefined)[] = memoryPlaces()): Promise<string> {
  for (const parent of places) {
    if (parent === undefined || parent === '') continue;
    const found = await statfs(parent).catch(() => null);
    if (found?.type !== TMPFS) continue;
    const made = await mkdtemp(join(parent, 'cpiab-edit-')).catch(() => null);
    if (made !== null) return made;
  }
  throw new CpiabError('E4050', { subject: '/dev/shm' });
}
