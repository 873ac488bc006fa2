import type { BankName } from '../../contract/drill/scenario.ts';
import type { Drill } from '../drill.ts';
import { waitFor } from '../wait.ts';

/**
 * Lets the one bank take the writes that the other has taken. The other is fenced first, on its disk, and the one is let
 * loose only when it has every byte of the other's log: with a cable between them that is cut, nobody takes writes, and
 * what both are is looked up, never remembered. Called again, it goes on where it was.
 * @throws TooLate when the one cannot have them all; the other is fenced then.
 */
export async function handWrites(drill: Drill, from: BankName, to: BankName): Promise<void> {
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
