import { cpus } from 'node:os';

/** Programs take some fifteen times as long in QEMU's software emulation; not all of what a check waits for is programs. */
const SLOWER = 4;

/** @param processor its name, as Linux gives it. */
export const isEmulation = (processor = cpus()[0]?.model): boolean =>
  processor?.startsWith('QEMU TCG CPU') === true;

/** What may take so many milliseconds on a machine, on this one. */
export const patient = (ms: number, emulated = isEmulation()): number => (emulated ? SLOWER * ms : ms);
