import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SenderRecord } from '../../builder/cargo/sender.ts';
import { writeCargo } from '../../builder/cargo/write.ts';
import { type BackupMember, backupMembers, stateVersion } from '../../contract/backup.ts';
import { type BackupHead, packBackup } from '../../host/backup/archive.ts';
import { run } from '../../host/process.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { boxGit } from '../box-git.ts';
import { receiverOf } from '../cargo.ts';
import type { Drill } from '../drill.ts';
import { timeIn } from '../netns/clock.ts';
import { sealCluster } from '../qemu/cluster.ts';
import type { Step } from '../step.ts';

const LIFE_MS = 24 * 3_600_000;

/** What leaves bank A as a cargo: what its box has, for bank B's box and key alone. The data follow while the service runs. */
export const seal = {
  cargo: { title: "what bank A's box has, sealed for bank B's", run: sealCargo },
} satisfies Record<string, Step>;

async function sealCargo(drill: Drill): Promise<object> {
  return drill.world.substrate === 'qemu' ? await sealCluster(drill) : await sealGit(drill);
}

async function sealGit(drill: Drill): Promise<object> {
  const { world, key, signal } = drill;
  const bundle = join(world.work, 'sealing.bundle');
  const gitHead = await exportGit(drill, bundle);
  const receiver = await receiverOf(drill);
  const record = await SenderRecord.of(world.secrets, receiver);
  const archive = packBackup(membersOf(bundle), await headOf(drill, gitHead));
  const directory = drill.cargo('a');
  const about = { directory, archive, receiver, record, key, signal };
  const now = await timeIn(world, 'a');
  const { manifest, contents } = await writeCargo({ ...about, now, lifeMs: LIFE_MS });
  await rm(bundle);
  const bytes = manifest.chunks.reduce((sum, { size }) => sum + size, 0);
  const { sequence, chunks } = manifest;
  return { head: gitHead, sequence, bytes, chunks: chunks.length, members: contents.members };
}

/** No cluster runs in these banks: of a box's members only its Git has content. */
async function* membersOf(bundle: string) {
  for (const name of backupMembers) yield { name, content: contentOf(name, bundle) };
}

async function* contentOf(name: BackupMember, bundle: string): AsyncGenerator<Buffer> {
  if (name === 'git.bundle') yield* createReadStream(bundle) as AsyncIterable<Buffer>;
}

async function headOf(drill: Drill, gitHead: string): Promise<BackupHead> {
  const { banks } = await drill.secrets();
  return {
    ...{ stateVersion, gitHead, site: drill.scenario.site, contents: 'cargo' },
    ...{ boxId: banks.a.boxId, fingerprint: await (await drill.box('a')).pin() },
    engine: { kind: 'none', version: packageJson.version },
    bundle: { sequence: 1, revision: gitHead },
    created: new Date(await timeIn(drill.world, 'a')).toISOString(),
  };
}

/** The whole repository of bank A's box, as its API serves it. @returns the commit of `main`. */
async function exportGit(drill: Drill, path: string): Promise<string> {
  const copy = join(drill.world.work, 'sealing.git');
  await rm(copy, { recursive: true, force: true });
  await boxGit(drill, 'a', 'clone', '--quiet', '--mirror', 'URL', copy);
  await run(['git', '--git-dir', copy, 'bundle', 'create', '--quiet', path, 'main']);
  const { stdout } = await run(['git', '--git-dir', copy, 'rev-parse', 'refs/heads/main']);
  await rm(copy, { recursive: true, force: true });
  return stdout.trim();
}
