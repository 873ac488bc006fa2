import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const file = resolve(import.meta.dirname, '../../../agent/files/etc/nftables.conf');

/** The box's own rule file, with what a site adds to it in place of the file that it includes: nothing unless told. */
export async function firewallRules(elements = ''): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/^include .*$/m, elements);
}
