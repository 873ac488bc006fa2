import type { Partition } from '../../contract/disk-layout.ts';
import { run } from '../../host/process.ts';

/** Makes a file system at a partition's place: the kernel need not know the partition. */
export async function makeExt4(
  path: string,
  { start, size, uuid }: Partition,
  options: string[],
  extended: string[],
  signal: AbortSignal,
): Promise<void> {
  const more = [`offset=${start}`, 'root_owner=0:0', 'nodiscard', ...extended].join(',');
  const argv = ['mke2fs', '-q', '-F', '-U', uuid, '-E', more, ...options];
  await run([...argv, path, `${size / 1024}k`], { signal });
}
