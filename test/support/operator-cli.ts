import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProcessError, run } from '../../host/process.ts';
import { type EnrollBox, freshPath } from './enroll/box.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');

/** The command line of whoever built the site. @param own an empty directory; one of the test that runs unless told. */
export async function operatorOf(box: Pick<EnrollBox, 'api'>, own?: string) {
  const directory = own ?? (await freshPath());
  const keys = join(directory, 'cpiab', 'keys', 'lab');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'operator.crt'), box.api.operator.certificate);
  await writeFile(join(keys, 'operator.key'), box.api.operator.key);
  const at = `${box.api.url}#${box.api.identity.fingerprint}`;
  const cpiab = async (...args: string[]) => {
    const env = { XDG_CONFIG_HOME: directory, CPIAB_CACHE: join(directory, 'cache'), CI: 'true' };
    return await run([process.execPath, main, ...args], { env, cwd: directory }).then(
      ({ stdout, stderr }) => ({ stdout, stderr, status: 0 }),
      (error: unknown) => {
        if (!(error instanceof ProcessError)) throw error;
        return { stdout: error.stdout, stderr: error.stderr, status: error.status };
      },
    );
  };
  return { cpiab, ask: (...args: string[]) => cpiab(...args, '--box', at), directory };
}
