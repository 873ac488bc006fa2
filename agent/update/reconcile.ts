import type { Standing } from '../../contract/boot-slots.ts';
import type { UpdateRecord, Version } from '../../contract/update.ts';

/** What a start of the agent finds. */
export interface Found {
  record: UpdateRecord | null;
  standing: Standing;
  running: Version;
  /** Why the version on trial was ended, where something told. */
  told: string | null;
}

/** What is to be done about it. */
export interface Settlement {
  record: UpdateRecord | null;
  /** What GRUB must be told: nothing is on trial, or the other slot is; null when it knows. */
  choose: 'settled' | 'other-on-trial' | null;
}

const SILENT = 'it did not start, or ended before it was ready, each time';

/**
 * Compares what the journal says with the slot that GRUB chose. A power cut may lie between any two writes:
 * GRUB's is the one that decides, and the journal follows.
 */
export function reconcile(found: Found): Settlement {
  return byStanding[found.standing](found);
}

const byStanding: Record<Standing, (found: Found) => Settlement> = {
  trial: ({ record, running }) => ({
    record: { ...(record ?? unknown(running)), state: 'trial', to: running },
    choose: null,
  }),
  switching: ({ record }) => ({ record, choose: null }),
  'fallen-back': ({ record, told }) => ({
    record: record && { ...record, state: 'fell-back', reason: told ?? record.reason ?? SILENT },
    choose: 'settled',
  }),
  settled: settledWith,
};

function settledWith({ record, running, told }: Found): Settlement {
  if (record === null) return { record, choose: null };
  const isNew = record.to?.sequence === running.sequence;
  if (record.state === 'switching' && !isNew) return { record, choose: 'other-on-trial' };
  if (record.state !== 'trial' && record.state !== 'switching') return { record, choose: null };
  return isNew
    ? { record: { ...record, state: 'committed', reason: null }, choose: null }
    : { record: { ...record, state: 'fell-back', reason: told ?? record.reason ?? SILENT }, choose: null };
}

/** A version on trial without a journal: its data partition is another one now. */
const unknown = (running: Version): UpdateRecord => ({
  ...{ what: 'update', state: 'trial', from: running, to: running },
  ...{ file: null, attempts: 0, reason: null },
});
