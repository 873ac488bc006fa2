import { join } from 'node:path';
import type { BankName } from '../../contract/drill/scenario.ts';
import { writeAtomic } from '../../host/files.ts';
import type { World } from '../world.ts';
import { inside } from './command.ts';

/** Of Debian's package `faketime`; ld.so puts this machine's directory for `$LIB`. */
const LIBRARY = '/usr/$LIB/faketime/libfaketime.so.1';

const fileOf = (world: World, bank: BankName) => join(world.work, `${bank}.clock`);

/** Sets a bank's clock so many days wrong; programs that run there see it at once. 0 sets it right. */
export async function setClock(world: World, bank: BankName, days: number): Promise<void> {
  await writeAtomic(fileOf(world, bank), `${days < 0 ? '' : '+'}${days}d\n`);
}

/**
 * What lets a program see its bank's clock; nothing for banks whose clock is never wrong. Time that passes is that of the
 * kernel. Source: libfaketime, README.
 */
export function clockOf(world: World, bank: BankName): Record<string, string> {
  const { faults } = world.scenario;
  if (!faults.some((fault) => fault.fault === 'wrong-clock' && fault.bank === bank)) return {};
  return {
    ...{ LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: fileOf(world, bank), FAKETIME_NO_CACHE: '1' },
    ...{ FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' },
  };
}

/** What time it is in a bank, in milliseconds since the epoch. */
export async function timeIn(world: World, bank: BankName): Promise<number> {
  const namespace = world.operators(bank);
  return Number(await inside(namespace, ['date', '+%s%3N'], { env: clockOf(world, bank) }));
}
