import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ApiIdentity, apiIdentity } from '../../../agent/api/identity.ts';
import { serveNodes } from '../../../agent/api/node-registry.ts';
import { RegistryProxy } from '../../../agent/api/registry-proxy.ts';
import { LiveConnections } from '../../../agent/enroll/live.ts';
import type { Shown } from '../../../agent/join/store.ts';
import { nearestFirst } from '../../../agent/node/nearest.ts';
import { Roster } from '../../../agent/node/roster.ts';
import type { RegistryMaterial } from '../../../contract/join-material.ts';
import { askPinned } from '../../../host/pinned-https.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { type EnrollBox, freshPath, startBox } from '../../support/enroll/box.ts';

const { signal } = new AbortController();
const bundle = `sha256:${'0'.repeat(64)}`;

/** What a machine serves images with, which may be switched off and on, and answers only after a while. */
class Machine {
  readonly identity: ApiIdentity;
  readonly port: number;
  readonly live = new LiveConnections();
  roster = new Roster(Date.now, (key) => this.live.end(key));
  delayMs = 0;
  #power = new AbortController();

  constructor(identity: ApiIdentity, port: number) {
    this.identity = identity;
    this.port = port;
  }

  static async make(): Promise<Machine> {
    const identity = await apiIdentity(join(await freshPath(), 'tls'), ['127.0.0.1']);
    const machine = new Machine(identity, await freePort());
    onTestFinished(() => machine.switchOff());
    return machine;
  }

  get material(): RegistryMaterial {
    return { address: `127.0.0.1:${this.port}`, certificate: this.identity.certificate, bundle };
  }

  async switchOn(): Promise<void> {
    this.#power = new AbortController();
    const behind = createServer(async (_, outgoing) => {
      await sleep(this.delayMs);
      outgoing.end('{}');
    }).listen(0, '127.0.0.1');
    await once(behind, 'listening');
    this.#power.signal.addEventListener('abort', () => behind.close());
    const proxy = new RegistryProxy((behind.address() as AddressInfo).port);
    const readers = {
      registry: () => proxy,
      expectMember: (peer: Parameters<Roster['expectMember']>[0]) => this.roster.expectMember(peer),
      refuses: () => false,
    };
    await serveNodes(readers, this.identity, this.live, this.#power.signal, this.port);
  }

  switchOff(): void {
    this.#power.abort();
  }
}

/** A node of a box, and what it shows. */
async function nodeOf(box: EnrollBox, name: string): Promise<{ id: string; shown: Shown }> {
  const { member, store } = await box.member(name);
  return { id: member.grant.id, shown: { key: (await store.key()).pem, cert: member.grant.certificate } };
}

/** What the box tells control planes of its members. */
async function membersOf(box: EnrollBox) {
  const nodes = (await box.nodes()).filter(({ state }) => state === 'joined');
  return nodes.map(({ key, certificates }) => ({ key, until: certificates[0]?.notAfter ?? '' }));
}

/** Both give images to members of a box; the second is a second away. */
async function twoMachines(box: EnrollBox): Promise<[near: Machine, far: Machine]> {
  const [near, far] = [await Machine.make(), await Machine.make()];
  far.delayMs = 1000;
  for (const machine of [near, far]) {
    machine.roster.set(await membersOf(box));
    await machine.switchOn();
  }
  return [near, far];
}

async function statusOf({ port, identity }: Machine, shown: Shown): Promise<number> {
  const pin = { of: 'key', sha256: identity.fingerprint } as const;
  return (await askPinned(new URL(`https://127.0.0.1:${port}/v2/`), pin, { identity: shown })).status;
}

test('the nearest registry is asked first, another one while it is gone, and it again when it is back', async () => {
  const box = await startBox();
  const { shown } = await nodeOf(box, 'n1');
  const [near, far] = await twoMachines(box);
  const order = async () =>
    (await nearestFirst([far.material, near.material], shown, signal)).map(({ address }) => address);
  const [nearFirst, farFirst] = [
    [near.material.address, far.material.address],
    [far.material.address, near.material.address],
  ];
  expect(await order()).toEqual(nearFirst);
  near.switchOff();
  expect(await order()).toEqual(farFirst);
  await near.switchOn();
  expect(await order()).toEqual(nearFirst);
});

test('one that shows another certificate than the box has told is asked last', async () => {
  const box = await startBox();
  const { shown } = await nodeOf(box, 'n1');
  const [other, real] = await twoMachines(box);
  const impostor = { ...other.material, certificate: (await Machine.make()).identity.certificate };
  expect(await nearestFirst([impostor, real.material], shown, signal)).toEqual([real.material, impostor]);
});

describe('a control plane gives images to', () => {
  test('members, and to a revoked one no longer, whose connections it ends', async () => {
    const box = await startBox();
    const [kept, revoked] = [await nodeOf(box, 'n1'), await nodeOf(box, 'n2')];
    const machine = await Machine.make();
    const ended: string[] = [];
    machine.roster = new Roster(Date.now, (key) => ended.push(key));
    machine.roster.set(await membersOf(box));
    await machine.switchOn();
    expect([await statusOf(machine, kept.shown), await statusOf(machine, revoked.shown)]).toEqual([200, 200]);
    const key = (await box.nodes()).find(({ id }) => id === revoked.id)?.key;
    await box.post(`/v1/nodes/${revoked.id}/revoke`);
    machine.roster.set(await membersOf(box));
    expect([await statusOf(machine, kept.shown), await statusOf(machine, revoked.shown)]).toEqual([200, 403]);
    expect(ended).toEqual([key]);
  });

  test('nobody without a certificate, and to no member for longer than its certificate is good', async () => {
    const box = await startBox();
    const { shown } = await nodeOf(box, 'n1');
    const clock = { now: Date.now() };
    const machine = await Machine.make();
    machine.roster = new Roster(
      () => clock.now,
      () => {},
    );
    machine.roster.set(await membersOf(box));
    await machine.switchOn();
    const pin = { of: 'key', sha256: machine.identity.fingerprint } as const;
    const url = new URL(`https://127.0.0.1:${machine.port}/v2/`);
    expect((await askPinned(url, pin, {})).status).toBe(403);
    expect(await statusOf(machine, shown)).toBe(200);
    clock.now += 25 * 3_600_000;
    expect(await statusOf(machine, shown)).toBe(403);
  });
});
