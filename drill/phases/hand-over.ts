import type { BankName, MoveMethod } from '../../contract/drill/scenario.ts';
import type { Database } from '../database/database.ts';
import { carryDump, isWhole, takeIncoming } from '../database/dump.ts';
import { SERVICE } from '../database/settings.ts';
import type { Drill } from '../drill.ts';
import { waitFor } from '../wait.ts';

type HandOver = (drill: Drill, from: BankName, to: BankName) => Promise<void>;

/**
 * Lets the one bank take the writes that the other has taken. The other is fenced first, on its disk, and the one is let
 * loose only when it has all that the other has: with a cable between them that is cut, nobody takes writes, and what
 * both are is looked up, never remembered. Called again, it goes on where it was.
 * @throws TooLate or ProcessError when the one cannot have it all; the other is fenced then.
 */
export async function handWrites(drill: Drill, from: BankName, to: BankName): Promise<void> {
  await ways[drill.scenario.workload.database.method](drill, from, to);
}

const ways: Record<MoveMethod, HandOver> = { streaming: byLog, dump: byDump };

/** Every byte of the other's log is applied before. */
async function byLog(drill: Drill, from: BankName, to: BankName): Promise<void> {
  const [source, target] = [await drill.database(from), await drill.database(to)];
  await target.start();
  if (!(await target.isStandby())) return;
  await source.fence();
  const position = await source.position();
  const seconds = drill.scenario.limits.cutOverSeconds;
  const what = `bank ${to} has not all writes of bank ${from}`;
  await waitFor(async () => ((await target.position()) >= position ? true : null), {
    ...{ seconds, what, signal: drill.signal },
  });
  if (!(await source.isStandby())) throw new Error(`bank ${from} still takes writes`);
  await target.promote();
  await source.follow(target.host);
}

/** Every row of the other's is there before. One that never had the service has taken no writes. */
async function byDump(drill: Drill, from: BankName, to: BankName): Promise<void> {
  const [source, target] = [await drill.database(from), await drill.database(to)];
  await target.start();
  if (await target.takesWrites()) return;
  if (await isBare(source)) {
    await target.promote();
    await target.open();
    return;
  }
  await source.fence();
  if (await target.isStandby()) {
    // It has to write to restore, and must take nobody's writes meanwhile.
    await target.close();
    await target.promote();
  }
  if ((await isWhole(source, target)) === null) {
    await carryDump(source, target, drill.scenario.limits.cutOverSeconds);
    if ((await isWhole(source, target)) === null)
      throw new Error(`bank ${to} has not all rows of bank ${from}`);
  }
  if (!(await source.isStandby())) throw new Error(`bank ${from} still takes writes`);
  await takeIncoming(target);
  await target.open();
}

/** Whether there is no service's database on a server, or no server at all. */
async function isBare(database: Database): Promise<boolean> {
  if (!(await database.exists())) return true;
  await database.start();
  return !(await database.has(SERVICE));
}
