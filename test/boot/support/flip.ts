import { open } from 'node:fs/promises';
import { run } from '../../../host/process.ts';

/** Bytes of a block (ECMA-119 section 6.1.2). */
const BLOCK = 2048;

/** Turns the lowest bit of the byte at a position; doing it again undoes it. */
export async function flip(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte.writeUInt8(byte.readUInt8(0) ^ 1, 0);
    await file.write(byte, 0, 1, position);
  } finally {
    await file.close();
  }
}

/** Position on an ISO of the middle of a file, in bytes. */
export async function middleOf(iso: string, path: string): Promise<number> {
  const report = ['-find', path, '-exec', 'report_lba', '--'];
  const { stdout } = await run(['xorriso', '-report_about', 'FAILURE', '-indev', iso, ...report]);
  const [, block, size] = /^File data lba: *\d+ , *(\d+) , *\d+ , *(\d+) ,/m.exec(stdout) ?? [];
  return Number(block) * BLOCK + Math.floor(Number(size) / 2);
}
