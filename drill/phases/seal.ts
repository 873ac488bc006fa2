import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { signBytes } from '../../builder/bundle/minisign.ts';
import { encryptAge } from '../../host/age/age.ts';
import { parseRecipient } from '../../host/age/keys.ts';
import { verifyLog } from '../../host/audit-log.ts';
import { ensureDirectory, sha256File, streamAtomic, writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { boxGit } from '../box-git.ts';
import { CARGO, type CargoIndex, CHUNK, cargoMembers, INDEX } from '../cargo.ts';
import type { Drill } from '../drill.ts';
import type { Step } from '../step.ts';

/** What leaves bank A as a file: the box's Git and its log, for bank B's key alone. The data follow while the service runs. */
export const seal = {
  cargo: { title: "the box's Git and log, encrypted for bank B and signed", run: sealCargo },
} satisfies Record<string, Step>;

async function sealCargo(drill: Drill): Promise<object> {
  const { world } = drill;
  const directory = await ensureDirectory(drill.cargo('a'));
  const plain = join(world.work, 'sealing');
  await rm(plain, { recursive: true, force: true });
  await ensureDirectory(plain);
  const head = await exportGit(drill, join(plain, cargoMembers.git));
  const log = await (await drill.box('a')).audit();
  const { size, root } = verifyLog(log, "bank A's box");
  await writeAtomic(join(plain, cargoMembers.log), `${JSON.stringify(log)}\n`);
  const { age } = await drill.secrets();
  const recipient = parseRecipient(age.recipient);
  if (recipient === null) throw new Error('no recipient');
  const members = Object.values(cargoMembers);
  const tar = create(
    { cwd: plain, portable: true, noMtime: true },
    members,
  ) as unknown as AsyncIterable<Uint8Array>;
  const path = join(directory, CARGO);
  await streamAtomic(path, encryptAge(tar, [recipient]), { mode: 0o600, signal: drill.signal });
  await rm(plain, { recursive: true, force: true });
  const chunks = await chunkHashes(path);
  const index: CargoIndex = {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'DrillCargo', drill: world.id, sealed: new Date().toISOString() },
    ...{ head, recipient: age.recipient, bytes: (await sha256File(path)).size, chunks },
  };
  const bytes = Buffer.from(`${JSON.stringify(index, null, 1)}\n`);
  await writeAtomic(join(directory, INDEX), bytes);
  await writeAtomic(
    join(directory, `${INDEX}.minisig`),
    signBytes(bytes, drill.key, `cargo of drill ${world.id}`),
  );
  return { head, bytes: index.bytes, chunks: chunks.length, log: { size, root } };
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

async function chunkHashes(path: string): Promise<string[]> {
  const hashes: string[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK }))
    hashes.push(
      createHash('sha256')
        .update(chunk as Buffer)
        .digest('hex'),
    );
  return hashes;
}
