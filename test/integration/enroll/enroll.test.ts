import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renew } from '../../../agent/join/renew.ts';
import { GrantSchema } from '../../../contract/enroll.ts';
import { run } from '../../../host/process.ts';
import { freshPath, freshStore, inventory, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

const { signal } = new AbortController();

test('an invited machine that a person approves gets a certificate, and the audit log has each step', async () => {
  const box = await startBox();
  const { member } = await box.member('worker-1');
  expect(member.grant.name).toBe('worker-1');
  const [node] = await box.nodes();
  expect(node).toMatchObject({
    id: member.grant.id,
    state: 'joined',
    invited: true,
    reason: 'known machine',
  });
  const { entries } = await box.api.audit.read(0);
  const steps = entries.map(({ action, who }) => `${action} by ${who.name}`);
  expect(steps).toEqual([
    'sign-in by alice',
    'invite by alice',
    'enroll by box',
    'approve by alice',
    'issue by box',
  ]);
});

test('nobody but the node reads its key, and the box keeps no secret of an invitation', async () => {
  const box = await startBox();
  const { parsed } = await box.invite();
  const store = await freshStore();
  await box.joinWith(store, parsed);
  const { mode } = await import('node:fs').then(({ statSync }) =>
    statSync(join(store.directory, 'node.key')),
  );
  expect(mode & 0o777).toBe(0o600);
  const state = join(box.api.directory, 'state');
  const key = await readFile(join(store.directory, 'node.key'), 'utf8');
  for (const path of [join(state, 'enroll', 'ledger'), join(box.api.directory, 'audit', 'log')]) {
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(parsed.secret);
    expect(text).not.toContain(key.split('\n')[1]);
  }
});

test('openssl takes the chain strictly, as client and as server', async () => {
  const box = await startBox();
  const { member } = await box.member();
  const directory = await freshPath();
  const paths = {
    root: join(directory, 'root'),
    chain: join(directory, 'chain'),
    leaf: join(directory, 'leaf'),
  };
  await writeFile(paths.root, member.grant.root);
  await writeFile(paths.chain, member.grant.chain);
  await writeFile(paths.leaf, member.grant.certificate);
  for (const purpose of ['sslclient', 'sslserver']) {
    const how = ['-x509_strict', '-purpose', purpose, '-CAfile', paths.root, '-untrusted', paths.chain];
    expect((await run(['openssl', 'verify', ...how, paths.leaf])).stdout).toContain('OK');
  }
  const authority = ['-x509_strict', '-CAfile', paths.root];
  for (const path of [paths.root, paths.chain])
    expect((await run(['openssl', 'verify', ...authority, path])).stdout).toContain('OK');
});

test('a node renews over mTLS, and witnesses that the log goes on', async () => {
  const box = await startBox();
  const { member, store } = await box.member();
  const renewed = await renew(store, Date.now, signal);
  expect(renewed.grant.certificate).not.toBe(member.grant.certificate);
  expect(renewed.grant.id).toBe(member.grant.id);
  const [node] = await box.nodes();
  expect(node?.witnessed).toBeGreaterThan(0);
  expect(node?.certificates).toHaveLength(2);
});

test('a box that nobody joins makes no authority', async () => {
  const box = await startBox();
  await box.invite();
  expect(
    await readFile(join(box.api.directory, 'state', 'pki', 'authorities.json')).catch(() => null),
  ).toBeNull();
});

test('a machine that nobody invited is let in by the fingerprint of its key', async () => {
  const box = await startBox();
  const store = await freshStore();
  const { fingerprint } = await store.key();
  const joining = box.joinWith(store, { box: box.address, pin: box.api.identity.fingerprint });
  expect((await joining).grant.name).toBe('n1');
  expect((await box.nodes())[0]).toMatchObject({ key: fingerprint, invited: false, state: 'joined' });
});

test('what the site names is granted its certificate by one request, and the same by the next', async () => {
  const site = { autoApprove: [{ machineIds: [inventory.machineId] }] };
  const box = await startBox({ enroll: { site } });
  const machine = await Machine.make(box);
  const request = requestOf(machine, (await box.invite()).parsed);
  const granted = await machine.post('/v1/enroll', request);
  expect(granted.status).toBe(200);
  const { id, certificate } = GrantSchema.parse(JSON.parse(granted.text));
  expect(new X509Certificate(certificate).checkPrivateKey(machine.keyObject)).toBe(true);
  const again = await machine.post('/v1/enroll', request);
  expect([again.status, JSON.parse(again.text)]).toMatchObject([200, { id, certificate }]);
  expect(JSON.parse((await machine.get(`/v1/enroll/${id}`)).text).certificate).toBe(certificate);
  const { entries } = await box.api.audit.read(0);
  const steps = entries.slice(-3).map(({ action, detail }) => `${action}: ${detail}`);
  expect(steps).toEqual([
    expect.stringMatching(/^enroll: key [0-9a-f]{64} from 127\.0\.0\.1, invitation /),
    'approve: by the site: enroll.autoApprove[0]',
    expect.stringMatching(/^issue: certificate [0-9A-F]{32}, until /),
  ]);
});

test('what the site names is let in at once, when it was invited, and a server never is', async () => {
  const site = { autoApprove: [{ machineIds: ['0123456789abcdef0123456789abcdef'] }] };
  const box = await startBox({ enroll: { site } });
  const { parsed } = await box.invite();
  const { member } = { member: await box.joinWith(await freshStore(), parsed) };
  expect((await box.nodes())[0]?.reason).toBe('by the site: enroll.autoApprove[0]');
  expect(member.grant.role).toBe('agent');
});
