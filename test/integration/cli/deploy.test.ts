import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProxmoxPlanSchema } from '../../../contract/proxmox.ts';
import { ProcessError, run } from '../../../host/process.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { type ProxmoxServer, proxmoxServer, secret, token } from '../../support/proxmox/server.ts';
import { testCertificate } from '../../support/registry/certificate.ts';

const main = join(import.meta.dirname, '../../../cli/main.ts');
const here = freshDirectory();
let server: ProxmoxServer;
let box: TestApi;

beforeEach(async () => {
  server = await proxmoxServer(await testCertificate(here('')));
  box = await startTestApi(() => undefined);
  await writeFile(here('cpiab-lab.iso'), 'a medium');
});
afterEach(() => Promise.all([server.close(), box.close()]));

async function deploy(more: string[], medium = here('cpiab-lab.iso'), env: Record<string, string> = {}) {
  const options = ['--host', server.url.slice(8), '--fingerprint', server.fingerprint, '--token', token];
  const machine = ['--node', 'pve', '--vmid', '120', '--json'];
  const argv = [process.execPath, main, 'deploy', 'proxmox', medium, ...options, ...machine, ...more];
  return JSON.parse((await run(argv, { env })).stdout) as Record<string, unknown>;
}

async function failure(work: Promise<unknown>): Promise<{ code: string; status: number | null }> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown as ProcessError,
  );
  if (!(error instanceof ProcessError)) throw error;
  const last = error.stderr.trim().split('\n').at(-1) ?? '';
  return { code: (JSON.parse(last) as { code: string }).code, status: error.status };
}

test('--plan prints every call and makes none, without a secret', async () => {
  const plan = ProxmoxPlanSchema.parse(await deploy(['--plan']));
  expect(plan.calls.map(({ name }) => name)).toEqual([
    ...['version', 'medium-storage', 'disk-storage', 'content', 'config'],
    ...['upload', 'create', 'state', 'start'],
  ]);
  expect(JSON.stringify(plan)).not.toContain(token);
  expect(server.seen).toEqual([]);
});

test('it takes the secret from the environment or a file, and never prints it', async () => {
  const first = await deploy([], undefined, { CPIAB_PROXMOX_SECRET: secret });
  expect(first).toEqual({ node: 'pve', vmid: 120, done: ['upload', 'create', 'start'], status: null });
  await writeFile(here('secret'), `${secret}\n`);
  expect(await deploy(['--secret-file', here('secret')])).toMatchObject({ done: [] });
});

test('with --box it follows the box until that is ready', async () => {
  setTimeout(() => box.report.ready(), 3000);
  const address = `${box.url}#${box.identity.fingerprint}`;
  const result = await deploy(['--box', address], undefined, { CPIAB_PROXMOX_SECRET: secret });
  expect(result['status']).toMatchObject({ kind: 'BoxStatus', phase: 'ready' });
});

test('with --box it ends when the box stops, has another key or takes too long', async () => {
  const env = { CPIAB_PROXMOX_SECRET: secret };
  const follow = (fingerprint: string, ...more: string[]) =>
    failure(deploy(['--box', `${box.url}#${fingerprint}`, ...more], undefined, env));
  expect(await follow('f'.repeat(64))).toEqual({ code: 'CPIAB-E5005', status: 1 });
  expect(await follow(box.identity.fingerprint, '--timeout', '1')).toEqual({
    code: 'CPIAB-E5001',
    status: 1,
  });
  box.report.failed('verify', { problem: 'a bad chunk', nextAction: 'copy it again' }, true);
  expect(await follow(box.identity.fingerprint)).toEqual({ code: 'CPIAB-E5003', status: 1 });
});

test('it refuses what can not be a medium, and a missing secret', async () => {
  await writeFile(here('x.vmdk'), '');
  expect(await failure(deploy([], here('x.vmdk')))).toEqual({ code: 'CPIAB-E1402', status: 2 });
  expect(await failure(deploy([], undefined, { CPIAB_PROXMOX_SECRET: '' }))).toEqual({
    code: 'CPIAB-E1401',
    status: 2,
  });
  expect(await failure(deploy(['--secret-file', here('none')]))).toEqual({
    code: 'CPIAB-E1006',
    status: 2,
  });
});
