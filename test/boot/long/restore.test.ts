import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BackupManifest } from '../../../contract/backup.ts';
import { type BoxStatus, BoxStatusSchema } from '../../../contract/status.ts';
import { decryptAge } from '../../../host/age/age.ts';
import { passphrase } from '../../../host/age/keys.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { bootLab, buildLab, cpiab, type LabBox, startLab } from '../support/lab.ts';
import { cloneSite, pushSite } from '../support/site-git.ts';

const path = freshDirectory();
const PASSPHRASE = 'correct horse battery staple';
/** For what an emulated machine may take to start again and converge. */
const LONGEST_MS = 30 * 60_000;

/** What makes a box this box, as a backup of it has it. */
interface Contents {
  manifest: BackupManifest;
  /** `pvc-UID_NAMESPACE_CLAIM`: the claim is the same object only with the same UID. */
  volumes: string[];
  /** SHA-256 and name of each file that Kubernetes trusts or signs by. */
  pki: string;
  /** SHA-256 of what Syncthing made at its first start and keeps since: its identity. */
  identity: string;
}

test('a backup of one box makes an empty one that box: cluster, Git, keys and volumes', async () => {
  await writeFile(path('passphrase'), `${PASSPHRASE}\n`);
  const iso = join(await buildLab(), 'cpiab-lab.iso');
  const old = await bootLab(iso, '--disk', path('old.raw'));
  const { head, before } = await backedUp(old).finally(() => old.cut());
  expect(before.manifest.gitHead).toBe(head);

  const fresh = await startLab(iso, '--disk', path('new.raw'));
  try {
    const box = `${new URL(fresh.report.url).origin}#${before.manifest.fingerprint}`;
    await restore(`${new URL(fresh.report.url).origin}#${fresh.report.fingerprint}`);
    const status = await untilStatus(box, ({ git, phase }) => git.applied === head && phase === 'ready');
    expect(status.box.id).toBe(before.manifest.boxId);
    const after = await backup('after', box);
    expect(after.manifest).toMatchObject({ gitHead: head, fingerprint: before.manifest.fingerprint });
    expect(after.volumes).toEqual(before.volumes);
    expect(after.identity).toBe(before.identity);
    expect(before.pki).toContain('/sa.key');
    expect(after.pki).toBe(before.pki);
  } finally {
    await fresh.cut();
  }
});

/** A backup of a box that has a commit which no other has. */
async function backedUp(box: LabBox): Promise<{ head: string; before: Contents }> {
  const address = `${box.url}#${box.report.fingerprint}`;
  const head = await push(box);
  await untilStatus(address, ({ git, phase }) => git.applied === head && phase === 'ready');
  return { head, before: await backup('before', address) };
}

/** A commit that only this box has. @returns its name. */
async function push({ url, files }: LabBox): Promise<string> {
  const site = path('site');
  const git = await cloneSite(url, files.ca, site);
  await writeFile(join(site, 'docs', 'kept.md'), 'Only this box has it.\n');
  return await pushSite(git, 'docs: add a page');
}

/** Makes a backup, and reads it as its documentation says. */
async function backup(name: string, box: string): Promise<Contents> {
  const file = path(`${name}.age`);
  await cpiab('backup', '--out', file, '--passphrase-file', path('passphrase'), '--box', box, '--json');
  await mkdir(path(name, 'volumes'), { recursive: true });
  const plain = path(`${name}.tar`);
  await pipeline(decryptAge(createReadStream(file), [passphrase(PASSPHRASE)]), createWriteStream(plain));
  await run(['tar', '-x', '-f', plain, '-C', path(name)]);
  const parts = 'cd "$1" && cat volumes.tar/* | tar -x -C volumes';
  await run(['sh', '-c', parts, 'sh', path(name)]);
  await mkdir(path(name, 'engine'));
  const sums =
    'cd "$1" && cat engine.tar/* | tar -x -C engine && find engine/kubernetes/pki -type f -exec sha256sum {} + | sort';
  const { stdout: pki } = await run(['sh', '-c', sums, 'sh', path(name)]);
  const below = path(name, 'volumes', 'volumes');
  const volumes = (await readdir(below)).toSorted();
  const syncthing = volumes.find((volume) => volume.includes('_syncthing_')) ?? 'none';
  const { stdout } = await run(['find', join(below, syncthing), '-name', 'cert.pem']);
  const certificate = await readFile(stdout.trim());
  const manifest = JSON.parse(await readFile(path(name, 'manifest.json'), 'utf8')) as BackupManifest;
  return { manifest, pki, volumes, identity: createHash('sha256').update(certificate).digest('hex') };
}

/** A box takes a backup as soon as it serves. */
async function restore(box: string): Promise<void> {
  await untilGiven(async () => {
    return await cpiab('restore', path('before.age'), '--passphrase-file', path('passphrase'), '--box', box);
  });
}

async function untilStatus(box: string, is: (status: BoxStatus) => boolean): Promise<BoxStatus> {
  return await untilGiven(async () => {
    const status = BoxStatusSchema.parse(JSON.parse(await cpiab('status', '--box', box, '--json')));
    return is(status) ? status : null;
  });
}

/** Tries every ten seconds; while it restarts, a box answers nothing. */
async function untilGiven<Answer>(attempt: () => Promise<Answer | null>): Promise<Answer> {
  const end = Date.now() + LONGEST_MS;
  for (;;) {
    const answer = await attempt().catch((error: unknown) => {
      if (Date.now() > end) throw error;
      return null;
    });
    if (answer !== null) return answer;
    if (Date.now() > end) throw new Error('it takes too long');
    await sleep(10_000);
  }
}
