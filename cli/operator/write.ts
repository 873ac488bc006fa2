import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysDirectory } from '../../builder/bundle/keys.ts';
import { issueOperator, type NewOperator } from '../../builder/bundle/operator.ts';
import { CpiabError } from '../../contract/errors.ts';
import { writeAtomic } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';
import { run } from '../../host/process.ts';

/** Makes a credential, and writes it as PKCS#12 under a password of its own. @throws CpiabError E1006, E1017. */
export async function writeOperator(asked: NewOperator, file: string, signal: AbortSignal) {
  if (existsSync(file)) throw new CpiabError('E1017', { subject: file });
  const directory = keysDirectory(asked.site);
  const ca = {
    certificate: await readTextFile(join(directory, 'operator-ca.crt')),
    key: await readTextFile(join(directory, 'operator-ca.key')),
  };
  const { certificate, key, notAfter } = await issueOperator(ca, asked, new Date());
  const password = randomBytes(12).toString('base64url');
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-operator-'));
  try {
    const out = join(scratch, 'operator.p12');
    const how = [
      '-export',
      '-name',
      `${asked.name} (${asked.site})`,
      '-passout',
      'env:CPIAB_PASSWORD',
      '-out',
      out,
    ];
    const input = `${key}${certificate}${ca.certificate}`;
    await run(['openssl', 'pkcs12', ...how], { input, env: { CPIAB_PASSWORD: password }, signal });
    await writeAtomic(file, await readFile(out), { mode: 0o600 });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { file, ...asked, until: notAfter.toISOString(), password };
}
