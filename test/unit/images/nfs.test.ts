import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const os = resolve(import.meta.dirname, '../../../images/os');

test('a box mounts by NFS and serves nothing for it: no rpcbind, no statd', async () => {
  expect(await readFile(resolve(os, 'packages.yaml'), 'utf8')).toMatch(/^ {2}- nfs-common$/m);
  const masked = (await readFile(resolve(os, 'customize.sh'), 'utf8')).split('\n');
  for (const unit of ['rpcbind.service', 'rpcbind.socket', 'rpc-statd.service', 'nfs-client.target'])
    expect(masked).toContain(unit);
});
