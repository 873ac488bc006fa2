import { basename, dirname } from 'node:path';
import type { Bind, Sandbox } from '../../../host/sandbox.ts';

/** zstd level: the slots hold what is compressed already. */
const LEVEL = 3;

/** Writes a raw image as QEMU's own format, which leaves out what is empty. One worker: then its order is fixed. */
export async function toQcow2(
  raw: string,
  out: string,
  sandbox: Sandbox,
  signal: AbortSignal,
): Promise<void> {
  const files = [`/source/${basename(raw)}`, `/target/${basename(out)}`];
  const convert = ['qemu-img', 'convert', '-m', '1', '-f', 'raw', '-O', 'qcow2', '-o', 'compat=1.1'];
  await sandbox.run([...convert, ...files], { binds: binds(raw, out), signal });
}

/** Compresses a raw image for the way to a disk: `zstd -dc FILE | dd of=/dev/…`. */
export async function toZstd(raw: string, out: string, sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  const files = ['-o', `/target/${basename(out)}`, `/source/${basename(raw)}`];
  await sandbox.run(['zstd', '-T2', `-${LEVEL}`, '--no-progress', ...files], {
    binds: binds(raw, out),
    signal,
  });
}

const binds = (raw: string, out: string): Bind[] => [
  { source: dirname(raw), target: '/source', write: false },
  { source: dirname(out), target: '/target', write: true },
];
