import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoxStatus } from '../../contract/status.ts';

/** Global variables of UEFI. Source: UEFI Specification 2.10, section 3.3. */
const SECURE_BOOT = 'efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
/** Four bytes of attributes come before a variable's value. Source: the kernel's efivarfs.rst. */
const VALUE = 4;

/**
 * What started this machine, as the kernel was told.
 * @param root where the kernel shows the firmware's interfaces.
 */
export async function firmwareKind(root = '/sys/firmware/efi'): Promise<BoxStatus['box']['firmware']> {
  if ((await stat(root).catch(() => null)) === null) return 'bios';
  const variable = await readFile(join(root, SECURE_BOOT)).catch(() => null);
  return variable?.[VALUE] === 1 ? 'secure-boot' : 'uefi';
}
