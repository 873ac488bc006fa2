import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fetchJoinMaterial, renew } from '../../../agent/join/renew.ts';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { freshStore, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

const { signal } = new AbortController();
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code];

describe('a decision', () => {
  test('is about a node that there is, and that waits for one', async () => {
    const box = await startBox();
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect(codeOf(await box.approve(nobody, 'a'.repeat(64)))).toEqual([404, 'CPIAB-E5501']);
    const { member } = await box.member('a');
    expect(codeOf(await box.approve(member.grant.id, 'a'.repeat(64)))).toEqual([409, 'CPIAB-E5505']);
  });

  test('to deny is told to the machine, with the reason', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const { parsed } = await box.invite();
    const { id } = JSON.parse((await machine.post('/v1/enroll', requestOf(machine, parsed))).text);
    expect((await box.post(`/v1/nodes/${id}/deny`, { reason: 'not ours' })).status).toBe(200);
    const answer = await machine.get(`/v1/enroll/${id}`);
    expect([...codeOf(answer), JSON.parse(answer.text).message]).toEqual([
      403,
      'CPIAB-E2507',
      'the box does not let this node in: not ours',
    ]);
  });

  test('is not made by who has no certificate of an operator', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    for (const path of ['/v1/invitations', '/v1/authorities/rotate'])
      expect(codeOf(await machine.post(path, {}))).toEqual([403, 'CPIAB-E5508']);
  });
});

test('two nodes have not one name', async () => {
  const box = await startBox();
  await box.member('a');
  const machine = await Machine.make(box);
  const { parsed } = await box.invite();
  const answer = await machine.post('/v1/enroll', requestOf(machine, parsed, { name: 'a' }));
  expect(codeOf(answer)).toEqual([409, 'CPIAB-E5507']);
});

test('a machine that has enrolled with one box does not ask another', async () => {
  const [box, other] = [await startBox(), await startBox()];
  const { store } = await box.member('a');
  const joining = other.joinWith(store, (await other.invite()).parsed);
  await expect(joining).rejects.toMatchObject({ code: 'E1503' });
});

test('a machine without an identity does not renew one', async () => {
  await expect(renew(await freshStore(), Date.now, signal)).rejects.toMatchObject({ code: 'E1502' });
});

test('a removed node comes back with another invitation, and a revoked one never does', async () => {
  const box = await startBox();
  const { member, store } = await box.member('a');
  expect((await box.post(`/v1/nodes/${member.grant.id}/remove`)).status).toBe(200);
  await expect(renew(store, Date.now, signal)).rejects.toMatchObject({ code: 'E2507' });
  const again = await freshStore();
  await again.key();
  await writeFile(join(again.directory, 'node.key'), (await store.key()).pem);
  const { grant } = await box.joinWith(again, (await box.invite()).parsed, 'a');
  expect(grant.id).toBe(member.grant.id);
  await box.post(`/v1/nodes/${grant.id}/revoke`, { reason: 'stolen' });
  const enrollment = box.api.board.get('enrollment');
  const { key, certificate } = { key: (await store.key()).fingerprint, certificate: null };
  const renewal = { apiVersion: 'cpiab.dev/v1', kind: 'Renewal', nonce: 'ab'.repeat(16), since: 0 } as const;
  await expect(enrollment.renew({ key, certificate, address: '' }, renewal)).rejects.toMatchObject({
    code: 'E2504',
  });
});

test('a member gets what it joins the cluster with, once there is one, and the log has it', async () => {
  const box = await startBox();
  const { store } = await box.member('a');
  await expect(fetchJoinMaterial(store, signal)).rejects.toMatchObject({ code: 'E5004' });
  const material: JoinMaterial = {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'JoinMaterial', engine: 'kubeadm', role: 'agent', node: 'a' },
    ...{ servers: ['10.0.0.7'], token: 'abcdef.0123456789abcdef', authorities: {}, taints: [] },
  };
  box.api.board.put('kube', {} as never);
  box.api.board.put('engine', { mintJoinToken: async () => material } as never);
  expect(await fetchJoinMaterial(store, signal)).toEqual(material);
  const { entries } = await box.api.audit.read(0);
  expect(entries.slice(-2).map(({ action, outcome }) => [action, outcome])).toEqual([
    ['issue', 'begun'],
    ['issue', 'done'],
  ]);
  expect(JSON.stringify(entries)).not.toContain(material.token);
});

test('after a rotation a node gets its next certificate by the new authority, and the old one is good until then', async () => {
  const box = await startBox();
  const { member, store } = await box.member('a');
  expect((await box.post('/v1/authorities/rotate')).status).toBe(200);
  const { grant } = await renew(store, Date.now, signal);
  expect(grant.chain).not.toBe(member.grant.chain);
  expect(grant.root).toBe(member.grant.root);
});

test('a cluster that could not be told of a removal is told later, unless another machine has the name by then', async () => {
  const box = await startBox();
  const enrollment = box.api.board.get('enrollment');
  const removed: string[] = [];
  let answers = false;
  const revoke = async (name: string) => {
    if (!answers) throw new Error('etcd has no leader');
    removed.push(name);
  };
  const clusterOf = async (name: string) => {
    const { member } = await box.member(name);
    const { text } = await box.post(`/v1/nodes/${member.grant.id}/remove`);
    return JSON.parse(text).cluster;
  };
  expect(await clusterOf('a')).toContain('Kubernetes does not run on the box now');
  box.api.board.put('kube', {} as never);
  box.api.board.put('engine', { revoke } as never);
  expect(await clusterOf('b')).toContain('not told: etcd has no leader');
  await box.member('a');
  await enrollment.tellCluster();
  answers = true;
  await enrollment.tellCluster();
  await enrollment.tellCluster();
  expect(removed).toEqual(['b']);
  const { entries } = await box.api.audit.read(0);
  const last = entries.at(-1);
  expect([last?.action, last?.detail]).toEqual([
    'remove',
    'from the cluster: tokens, member and Node are gone',
  ]);
});
