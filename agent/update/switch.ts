import { onTrial } from '../../contract/boot-slots.ts';
import { lowerSequence } from '../verify/sequence-number.ts';
import type { Ledger } from './ledger.ts';
import type { UpdaterOptions } from './options.ts';

/**
 * Gives the other slot its tries and starts the machine again. One write on the loader's partition decides;
 * the journal says before what it will have decided.
 * @param floor sequence of a version that is older than the running one, else null.
 */
export async function switchSlots(
  ledger: Ledger,
  { slots, tries, paths, restart }: UpdaterOptions,
  floor: number | null,
): Promise<void> {
  if (ledger.record !== null) await ledger.write({ ...ledger.record, state: 'switching' });
  // The operator has asked for an older version: it must not refuse itself.
  if (floor !== null) await lowerSequence(paths.sequence, floor);
  await slots.choose(onTrial(slots.running, tries));
  await ledger.look();
  ledger.progress('starting the other slot');
  await restart();
}
