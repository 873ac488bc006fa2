import { createReadStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { AuditLogSchema } from '../../contract/audit-log.ts';
import { decryptAge } from '../../host/age/age.ts';
import { parseIdentity } from '../../host/age/keys.ts';
import { verifyLog } from '../../host/audit-log.ts';
import { ensureDirectory, renameDurably } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { CARGO, cargoMembers } from '../cargo.ts';
import type { Drill } from '../drill.ts';
import { stopProgram } from '../netns/programs.ts';
import type { Step } from '../step.ts';
import { readIndex } from './ship.ts';

/** Bank B's own box, with the Git of bank A's and none of its keys. */
export const land = {
  unpack: { title: "the cargo opened with bank B's key", run: unpack },
  box: { title: 'a box with keys of its own and the same Git', run: startBox, back: stopBox },
} satisfies Record<string, Step>;

const landed = (drill: Drill) => join(drill.world.work, 'landed');

async function unpack(drill: Drill): Promise<object> {
  const index = await readIndex(drill);
  const { age } = await drill.secrets();
  const identity = parseIdentity(age.secret);
  if (identity === null) throw new Error('no identity');
  const fresh = `${landed(drill)}.new`;
  await rm(fresh, { recursive: true, force: true });
  await ensureDirectory(fresh);
  const names = new Set<string>(Object.values(cargoMembers));
  const tar = join(fresh, 'cargo.tar');
  const plain: Buffer[] = [];
  for await (const piece of decryptAge(createReadStream(join(drill.cargo('b'), CARGO)), [identity]))
    plain.push(piece);
  await writeFile(tar, Buffer.concat(plain), { mode: 0o600 });
  await pipeline(
    createReadStream(tar),
    extract({ cwd: fresh, filter: (path) => names.has(path), strict: true }),
  );
  await rm(tar);
  await rm(landed(drill), { recursive: true, force: true });
  await renameDurably(fresh, landed(drill));
  const log = AuditLogSchema.parse(JSON.parse(await readFile(join(landed(drill), cargoMembers.log), 'utf8')));
  const { size, root, fingerprint } = verifyLog(log, "bank A's log");
  const heads = await run(['git', 'bundle', 'list-heads', join(landed(drill), cargoMembers.git)]);
  const [head = ''] = heads.stdout.split(' ');
  if (head !== index.head)
    throw new Error(`the Git in the cargo is at ${head}, its index says ${index.head}`);
  return { head, log: { size, root, fingerprint } };
}

async function startBox(drill: Drill): Promise<object> {
  const box = await drill.box('b');
  await box.start(drill.repository, join(landed(drill), cargoMembers.git));
  const [own, others] = [await box.pin(), await (await drill.box('a')).pin()];
  if (own === others) throw new Error("bank B's box has the key of bank A's");
  return { fingerprint: own };
}

async function stopBox({ world }: Drill): Promise<void> {
  await stopProgram(world, world.host('b', 'box'));
}
