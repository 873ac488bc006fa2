import { ProcessError, run } from './process.ts';

/** A disk or partition, and what file system it has; empty for none that blkid knows. */
export interface LabelledDevice {
  device: string;
  type: string;
}

/**
 * What has a file system with a label now: nothing is taken from blkid's cache.
 * Source: blkid(8): status 2 when nothing has it; of `export`, a block of lines for each device.
 */
export async function labelledDevices(label: string, signal: AbortSignal): Promise<LabelledDevice[]> {
  const argv = ['blkid', '-c', '/dev/null', '-o', 'export', '-t', `LABEL=${label}`];
  const { stdout } = await run(argv, { signal }).catch((error: unknown) => {
    if (error instanceof ProcessError && error.status === 2) return { stdout: '' };
    throw error;
  });
  const blocks = stdout.split('\n\n').filter((block) => block.includes('DEVNAME='));
  const value = (block: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(block)?.[1] ?? '';
  return blocks.map((block) => ({ device: value(block, 'DEVNAME'), type: value(block, 'TYPE') }));
}
