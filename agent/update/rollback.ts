import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { medium } from '../../contract/layout.ts';
import { versionOf } from '../../contract/update.ts';
import { readManifest, type SignedManifest } from '../verify/manifest.ts';
import { judgeRollback } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { UpdaterOptions } from './options.ts';
import { switchSlots } from './switch.ts';

/** Goes back to the version in the other slot. @throws CpiabError E5306, E5307, E5303, E5315. */
export async function rollBack(ledger: Ledger, options: UpdaterOptions, signal: AbortSignal): Promise<void> {
  ledger.rejectBusy();
  const { manifest: running } = ledger.running;
  const other = await readOther(options, signal).catch((cause: unknown) => {
    const why = 'the other slot has no whole version';
    throw new CpiabError('E5307', { subject: 'rollback', args: [why], cause });
  });
  if (other.manifest.sequence >= running.sequence)
    throw new CpiabError('E5307', { subject: 'rollback', args: ['the other slot has no older version'] });
  judgeRollback(other.manifest, running);
  await ledger.write({ ...ledger.fresh('rollback'), to: versionOf(other.manifest) });
  await switchSlots(ledger, options, other.manifest.sequence);
}

/** The papers of what lies in the other slot. @throws CpiabError E21xx where nothing whole is. */
export async function readOther(
  { slots, trust }: UpdaterOptions,
  signal: AbortSignal,
): Promise<SignedManifest> {
  const slot = await slots.readOther(signal);
  return await readManifest(join(slot.root, medium.bundle), trust).finally(() => slot.close());
}
