import { cpus } from 'node:os';
import { isEmulation } from '../emulation.ts';

/** Programs take some fifteen times as long in QEMU's software emulation; not all of what a check waits for is programs. */
const SLOWER = 4;

export const emulated = isEmulation(cpus()[0]?.model ?? '');

/** What may take so many milliseconds on a machine, on this one. */
export const patient = (ms: number, slow = emulated): number => (slow ? SLOWER * ms : ms);
