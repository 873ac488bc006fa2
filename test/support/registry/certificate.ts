import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfSigned } from '../../../agent/api/self-signed.ts';

/** The one key and certificate of a directory's servers, `tls.key` and `tls.crt`. PEM. */
export async function testCertificate(directory: string): Promise<{ key: string; certificate: string }> {
  const paths = { key: join(directory, 'tls.key'), certificate: join(directory, 'tls.crt') };
  const known = await Promise.all([readFile(paths.key, 'utf8'), readFile(paths.certificate, 'utf8')]).catch(
    () => null,
  );
  if (known !== null) return { key: known[0], certificate: known[1] };
  const made = await selfSigned(['127.0.0.1', 'localhost']);
  await writeFile(paths.key, made.key);
  await writeFile(paths.certificate, made.certificate);
  return made;
}
