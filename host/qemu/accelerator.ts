import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessError, run } from '../process.ts';
import { type Accelerator, acceleratorArguments } from './arguments.ts';

/** `mov al, 0x10; out 0xf4, al; hlt` at the reset vector: the debug device ends QEMU with 0x10 * 2 + 1. */
const RESET_VECTOR = 0xfff0;
const CODE = [0xb0, 0x10, 0xe6, 0xf4, 0xf4];
const DONE = 33;

/**
 * Whether KVM works here, by running five bytes of guest code on the processor that boxes get: a
 * device file that opens says little, as nested or restricted KVM fails only then.
 */
export async function detectAccelerator(signal: AbortSignal): Promise<Accelerator> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-kvm-'));
  try {
    const firmware = Buffer.alloc(0x10000, 0x90);
    firmware.set(CODE, RESET_VECTOR);
    await writeFile(join(directory, 'probe.bin'), firmware);
    const status = await exitStatus(
      [
        ...['qemu-system-x86_64', '-machine', 'q35', '-nodefaults', '-display', 'none', '-no-reboot'],
        ...acceleratorArguments('kvm'),
        ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-bios', join(directory, 'probe.bin')],
      ],
      signal,
    );
    return status === DONE ? 'kvm' : 'tcg';
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function exitStatus(argv: string[], signal: AbortSignal): Promise<number | null> {
  try {
    await run(argv, { timeoutMs: 3000, signal });
    return 0;
  } catch (error) {
    if (error instanceof ProcessError) return error.status;
    throw error;
  }
}
