import { otherSlot, settled } from '../../contract/boot-slots.ts';
import { type UpdateRecord, versionOf } from '../../contract/update.ts';
import { keepRotations } from '../verify/manifest.ts';
import { keepSequence } from '../verify/sequence-number.ts';
import type { Ledger } from './ledger.ts';
import type { UpdaterOptions } from './options.ts';

/** The version that runs has shown that it works: it is there to stay. */
export async function commitTrial(ledger: Ledger, { slots, paths }: UpdaterOptions): Promise<void> {
  const { manifest } = ledger.running;
  await slots.choose(settled(slots.running));
  await keepRotations(paths.bundle, paths.rotations, manifest);
  await keepSequence(paths.sequence, manifest.sequence);
  await ledger.look();
  await ledger.write({ ...trialRecord(ledger), state: 'committed', reason: null });
  ledger.progress('');
}

/** It has not: the one before comes back. */
export async function failTrial(
  ledger: Ledger,
  { slots, restart }: UpdaterOptions,
  reason: string,
): Promise<void> {
  await ledger.write({ ...trialRecord(ledger), state: 'fell-back', reason });
  await slots.choose(settled(otherSlot(slots.running)));
  await restart();
}

/** The record of the version on trial, which is the one that runs. */
function trialRecord(ledger: Ledger): UpdateRecord {
  return { ...(ledger.record ?? ledger.fresh('update')), to: versionOf(ledger.running.manifest) };
}
