import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { tellLeaving } from '../../../agent/join/leave.ts';
import { tellPresence } from '../../../agent/join/presence.ts';
import { renew } from '../../../agent/join/renew.ts';
import { mintPossession } from '../../../agent/pki/mint.ts';
import { type EnrollBox, freshStore, startBox } from '../../support/enroll/box.ts';
import { Machine } from '../../support/enroll/machine.ts';

const { signal } = new AbortController();

/** A box with a cluster that remembers whom it was told to end. */
async function boxWithCluster(): Promise<{ box: EnrollBox; ended: string[] }> {
  const box = await startBox();
  const ended: string[] = [];
  box.api.board.put('kube', {} as never);
  box.api.board.put('engine', { revoke: async (name: string) => void ended.push(name) } as never);
  return { box, ended };
}

describe('a node that leaves', () => {
  test('is removed at its box: record, certificate and Node end, and the audit log says who did it', async () => {
    const { box, ended } = await boxWithCluster();
    const { member, store } = await box.member('a');
    await box.member('b');
    expect(await tellLeaving(store, signal)).toMatchObject({
      id: member.grant.id,
      name: 'a',
      cluster: 'tokens, member and Node are gone',
    });
    expect(ended).toEqual(['a']);
    const states = (await box.nodes()).map(({ name, state }) => `${name} ${state}`);
    expect(states).toEqual(['a removed', 'b joined']);
    await expect(renew(store, Date.now, signal)).rejects.toMatchObject({ code: 'E2507' });
    const { entries } = await box.api.audit.read(0);
    const last = entries.slice(-2).map(({ who, action, outcome }) => [who.name, action, outcome]);
    expect(last).toEqual([
      ['node a', 'remove', 'begun'],
      ['node a', 'remove', 'done'],
    ]);
    expect(entries.at(-1)?.detail).toContain('it has left');
  });

  test('may say so again, as after an answer that was lost, and its agent is told to go', async () => {
    const { box, ended } = await boxWithCluster();
    const { store } = await box.member('a');
    await tellLeaving(store, signal);
    expect((await tellLeaving(store, signal))?.cluster).toBe('it was done before');
    expect(ended).toEqual(['a']);
    expect((await tellPresence(store, signal)).state).toBe('removed');
  });

  test('loses the connections that it has besides', async () => {
    const { box } = await boxWithCluster();
    const { store } = await box.member('a');
    const { key, cert } = await Machine.of(box, store);
    const other = connect({ port: box.api.port, host: '127.0.0.1', rejectUnauthorized: false, key, cert });
    other.on('error', () => {});
    await once(other, 'secureConnect');
    const closed = once(other, 'close');
    await tellLeaving(store, signal);
    await closed;
  });

  test('goes alone, and can come back with another invitation', async () => {
    const { box } = await boxWithCluster();
    const { store } = await box.member('a');
    await tellLeaving(store, signal);
    const { grant } = await box.joinWith(await freshStore(), (await box.invite()).parsed, 'a');
    expect((await box.nodes()).find(({ id }) => id === grant.id)?.state).toBe('joined');
  });
});

describe('a box is not told', () => {
  test('by a machine that it has not let in', async () => {
    expect(await tellLeaving(await freshStore(), signal)).toBeNull();
  });

  test('when it does not answer: the machine says what to do there', async () => {
    const box = await startBox();
    const { store } = await box.member('a');
    await box.api.close();
    await expect(tellLeaving(store, signal)).rejects.toMatchObject({
      code: 'E5516',
      subject: box.address,
      message: expect.stringMatching(/still have it as a: .*no answer/),
      hint: 'at the box: `./cpiab remove --no-drain a`',
    });
  });

  test('by somebody who shows no certificate that it gave', async () => {
    const { box, ended } = await boxWithCluster();
    const { store } = await box.member('a');
    const { key } = await Machine.of(box, store);
    const selfMade = { key, cert: await mintPossession(key) };
    for (const identity of [await Machine.make(box), selfMade]) {
      const { status, text } = await box.ask('/v1/leave', { method: 'POST', identity });
      expect([status, JSON.parse(text).code]).toEqual([403, 'CPIAB-E2503']);
    }
    expect(ended).toEqual([]);
    expect((await box.nodes())[0]?.state).toBe('joined');
  });
});
