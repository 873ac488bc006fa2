import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { AuditReportSchema } from '../../../contract/audit.ts';
import { type KeyRotation, rotationFiles } from '../../../contract/rotation.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { auditedBundle, NOW } from '../../support/audit.ts';
import { forge } from '../../support/forge.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const main = join(dirname(import.meta.dirname), '..', '..', 'cli', 'main.ts');
const cpiab = async (...args: string[]) => {
  const env = { XDG_CONFIG_HOME: path('config'), CPIAB_CACHE: path('cache'), CI: 'true' };
  return await run([process.execPath, main, ...args], { env, cwd: path() }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, status: 0 }),
    (error: unknown) => {
      if (!(error instanceof ProcessError)) throw error;
      return { stdout: error.stdout, stderr: error.stderr, status: error.status };
    },
  );
};

test('an audit is a table, or a report that a later audit takes; what fails is on stderr as well', async () => {
  const { directory } = await auditedBundle(path());
  const far = { manifest: (manifest: object) => void Object.assign(manifest, { expires: 4_000_000_000 }) };
  await forge(path(), directory, far);
  const key = ['--key', path('keys', 'minisign.pub')];
  const table = await cpiab('verify', directory, '--all', ...key);
  expect(table.stdout).toMatch(/^check +result +evidence\nsignature +passed/);
  expect([table.status, table.stderr]).toEqual([0, '']);
  const good = await cpiab('verify', directory, '--all', '--json', ...key);
  const report = AuditReportSchema.parse(JSON.parse(good.stdout));
  expect([report.verified, report.at > NOW - 1e9]).toEqual([true, true]);
  await writeFile(path('audit.json'), good.stdout);
  expect((await cpiab('verify', directory, '--after', path('audit.json'), ...key)).status).toBe(0);
  await forge(path(), directory, {
    documents: { provenance: ({ subject }) => void subject.shift() },
    manifest: (manifest) => void Object.assign(manifest, { sequence: 6 }),
  });
  const bad = await cpiab('verify', directory, '--all', '--json', '--after', path('audit.json'), ...key);
  const { checks, verified } = AuditReportSchema.parse(JSON.parse(bad.stdout));
  const failed = checks.filter(({ result }) => result === 'failed').map(({ name }) => name);
  expect([bad.status, verified, failed]).toEqual([3, false, ['provenance', 'sequence']]);
  const error = JSON.parse(bad.stderr);
  expect([error.code, error.others[0].code]).toEqual(['CPIAB-E2123', 'CPIAB-E2125']);
});

test('a key is shown and replaced; what leads to the new one is signed by the old', async () => {
  const first = JSON.parse((await cpiab('key', 'show', 'lab', '--json')).stdout);
  await writeFile(path('old.pub'), await readFile(join(first.directory, 'minisign.pub')));
  const { stdout, status } = await cpiab('key', 'rotate', 'lab', '--last', '7', '--json');
  expect(status).toBe(0);
  const { chain, publicKey } = JSON.parse(stdout) as { chain: KeyRotation[]; publicKey: string };
  expect(chain).toMatchObject([{ site: 'lab', last: 7, to: { publicKey } }]);
  const statement = join(first.directory, rotationFiles(chain[0]?.from ?? '').statement);
  await run(['minisign', '-V', '-q', '-m', statement, '-p', path('old.pub')]);
  expect((await cpiab('key', 'show', 'lab')).stdout).toContain(publicKey);
  expect((await cpiab('key', 'rotate', 'nowhere')).status).toBe(2);
});
