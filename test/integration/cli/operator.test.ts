import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { OperatorRole } from '../../../contract/operator.ts';
import { run } from '../../../host/process.ts';
import { freshPath, startBox } from '../../support/enroll/box.ts';

const main = join(dirname(import.meta.dirname), '..', '..', 'cli', 'main.ts');
const NOBODY = '/v1/nodes/00000000-0000-4000-8000-000000000000';

test.each<[OperatorRole, number[]]>([
  ['viewer', [200, 403, 403, 403]],
  ['operator', [200, 201, 404, 403]],
  ['admin', [200, 201, 404, 404]],
])('a %s may do what the role says, with what openssl reads from the file', async (role, expected) => {
  const box = await startBox();
  const directory = await freshPath();
  const keys = join(directory, 'cpiab', 'keys', 'lab');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'operator-ca.crt'), box.api.operator.ca);
  await writeFile(join(keys, 'operator-ca.key'), box.api.operator.caKey);
  const file = join(directory, 'bob.p12');
  const env = { XDG_CONFIG_HOME: directory, CI: 'true' };
  const argv = [process.execPath, main, 'operator', 'bob', '--role', role, '--out', file, '--json'];
  const { password } = JSON.parse((await run(argv, { env })).stdout);
  const open = async (...what: string[]) =>
    (await run(['openssl', 'pkcs12', '-in', file, '-passin', `pass:${password}`, '-nodes', ...what])).stdout;
  const identity = { key: await open('-nocerts'), cert: await open('-clcerts', '-nokeys') };
  const answers = [
    await box.ask('/v1/nodes', { identity }),
    await box.post('/v1/invitations', {}, identity),
    await box.post(`${NOBODY}/approve`, {}, identity),
    await box.post(`${NOBODY}/revoke`, {}, identity),
  ];
  expect(answers.map(({ status }) => status)).toEqual(expected);
  const { entries } = await box.api.audit.read(0);
  expect(entries[0]?.who.name).toBe('bob');
});
