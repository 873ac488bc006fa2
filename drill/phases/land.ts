import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cargoArchive, openContent } from '../../builder/cargo/content.ts';
import type { BackupMember } from '../../contract/backup.ts';
import { parseIdentity } from '../../host/age/keys.ts';
import { readUnhashed } from '../../host/backup/archive.ts';
import { ensureDirectory, renameDurably } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { arrived } from '../cargo.ts';
import type { Drill } from '../drill.ts';
import { onDisk } from '../netns/disk.ts';
import { landCluster } from '../qemu/cluster.ts';
import type { Step } from '../step.ts';

const GIT: BackupMember = 'git.bundle';

/** Bank B's own box, with the Git of bank A's and none of its keys. */
export const land = {
  unpack: { title: "the cargo opened with bank B's key", run: unpack },
  box: { title: 'a box with keys of its own and the same Git', run: startBox, back: stopBox },
} satisfies Record<string, Step>;

const landed = (drill: Drill) => join(drill.world.directory(drill.world.host('b', 'box')), 'landed');

async function unpack(drill: Drill): Promise<object> {
  const { age } = await drill.secrets();
  const identity = parseIdentity(age.secret);
  if (identity === null) throw new Error('no identity');
  const content = await openContent(await arrived(drill), [identity]);
  const fresh = `${landed(drill)}.new`;
  await rm(fresh, { recursive: true, force: true });
  await ensureDirectory(fresh);
  const { gitHead, members } = await readUnhashed(cargoArchive(content), (name, piece) =>
    appendFile(join(fresh, name), piece, { mode: 0o600 }),
  );
  // All that is in it was held against its signature; no sequence is given twice.
  const { sequence } = drill.journal.resultOf<{ sequence: number }>('seal.cargo');
  if (content.cargo.manifest.sequence !== sequence)
    throw new Error('what has arrived is not what was sealed');
  await rm(landed(drill), { recursive: true, force: true });
  await onDisk(fresh);
  await renameDurably(fresh, landed(drill));
  const heads = await run(['git', 'bundle', 'list-heads', join(landed(drill), GIT)]);
  const [head = ''] = heads.stdout.split(' ');
  if (head !== gitHead) throw new Error(`the Git in the cargo is at ${head}, its manifest says ${gitHead}`);
  return { head, members };
}

async function startBox(drill: Drill): Promise<object> {
  const box = await drill.box('b');
  await box.start(async () => join(landed(drill), GIT));
  const cluster = drill.world.substrate === 'qemu' ? await landCluster(drill) : null;
  const [own, others] = [await box.pin(), await (await drill.box('a')).pin()];
  if (own === others) throw new Error("bank B's box has the key of bank A's");
  return { fingerprint: own, cluster };
}

async function stopBox(drill: Drill): Promise<void> {
  await (await drill.box('b')).stop();
}
