import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onTrial, settled } from '../../contract/boot-slots.ts';
import { versionOf } from '../../contract/update.ts';
import type { Ledger } from './ledger.ts';
import type { UpdaterOptions } from './options.ts';
import { reconcile } from './reconcile.ts';
import { guardReason } from './trial-guard.ts';

/** At a start: completes, or takes back, what was cut off between two writes. */
export async function settle(ledger: Ledger, { slots, paths, tries }: UpdaterOptions): Promise<void> {
  const { record: known, standing, onTrial: trial, running } = ledger;
  // While it is on trial, what the guard says of it is for the version before.
  const told = trial ? null : await guardReason(paths.updates);
  const found = { record: known, standing, running: versionOf(running.manifest), told };
  const { record, choose } = reconcile(found);
  if (record !== null && record !== known) await ledger.write(record);
  if (choose !== null)
    await slots.choose(choose === 'settled' ? settled(slots.running) : onTrial(slots.running, tries));
  await ledger.look();
  if (record?.state !== 'staging') await rm(scratchOf(paths), { recursive: true, force: true });
}

/** Directory for what is in the making. */
export const scratchOf = ({ updates }: UpdaterOptions['paths']) => join(updates, 'scratch');
