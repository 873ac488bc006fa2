import { expect, test } from 'vitest';
import type { InvitationRequest } from '../../../contract/enroll.ts';
import { type EnrollBox, freshPath, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code];
const forName: InvitationRequest = { name: 'n1' };

interface Asker {
  machine: Machine;
  id: string;
  request: string;
}

/** A machine with a new key that asks to be n1. @param asked of its invitation; null for none. */
async function asks(box: EnrollBox, asked: InvitationRequest | null): Promise<Asker> {
  const machine = await Machine.make(box);
  const invitation = asked === null ? null : (await box.invite(asked)).parsed;
  const answer = await machine.post('/v1/enroll', requestOf(machine, invitation));
  expect(answer.status).toBe(202);
  const { id, request } = JSON.parse(answer.text);
  return { machine, id, request };
}

const granted = async ({ machine, id }: Asker) => await machine.get(`/v1/enroll/${id}`);
const listed = async (box: EnrollBox) => (await box.nodes()).map(({ id, state }) => [id, state]);

async function logged(box: EnrollBox, action: string): Promise<string[]> {
  const { entries } = await box.api.audit.read(0);
  return entries
    .filter((entry) => entry.action === action)
    .map(({ subject, detail }) => `${subject}: ${detail}`);
}

test('a join that was cut off and begins anew by an invitation for the same name leaves one record', async () => {
  const directory = await freshPath();
  const box = await startBox({ directory });
  const first = await asks(box, forName);
  const second = await asks(box, forName);
  expect(await listed(box)).toEqual([[second.id, 'pending']]);
  expect(codeOf(await granted(first))).toEqual([403, 'CPIAB-E2507']);
  expect(await logged(box, 'supersede')).toEqual([
    expect.stringMatching(
      `node n1 ${first.id}: pending, key .*another machine took its place: node ${second.id}`,
    ),
  ]);
  await box.api.close();
  const again = await startBox({ directory });
  expect(await listed(again)).toEqual([[second.id, 'pending']]);
});

test('no approval carries over: who was approved is not any more, and who comes waits for an own one', async () => {
  const box = await startBox();
  const first = await asks(box, forName);
  expect((await box.approve(first.id, first.request)).status).toBe(200);
  const second = await asks(box, forName);
  expect(codeOf(await granted(first))).toEqual([403, 'CPIAB-E2507']);
  expect(codeOf(await box.approve(first.id, first.request))).toEqual([409, 'CPIAB-E5505']);
  expect((await granted(second)).status).toBe(202);
  expect((await box.approve(second.id, second.request)).status).toBe(200);
  expect((await granted(second)).status).toBe(200);
  expect(await logged(box, 'supersede')).toEqual([expect.stringContaining(`${first.id}: approved, key`)]);
});

test('who was superseded may come again, by another invitation for the name', async () => {
  const box = await startBox();
  const first = await asks(box, forName);
  const second = await asks(box, forName);
  const { machine, id } = first;
  const answer = await machine.post('/v1/enroll', requestOf(machine, (await box.invite(forName)).parsed));
  expect([answer.status, JSON.parse(answer.text).id]).toEqual([202, id]);
  expect(await listed(box)).toEqual([[id, 'pending']]);
  expect(codeOf(await granted(second))).toEqual([403, 'CPIAB-E2507']);
});

test.each([
  ['an invitation for any name', {}],
  ['no invitation', null],
] as const)('who comes with %s pushes nobody out', async (_, asked) => {
  const box = await startBox();
  const first = await asks(box, forName);
  const second = await asks(box, asked);
  expect((await listed(box)).toSorted()).toEqual(
    [
      [first.id, 'pending'],
      [second.id, 'pending'],
    ].toSorted(),
  );
  expect((await box.approve(first.id, first.request)).status).toBe(200);
  const third = await Machine.make(box);
  const invitation = asked === null ? null : (await box.invite(asked)).parsed;
  expect(codeOf(await third.post('/v1/enroll', requestOf(third, invitation)))).toEqual([409, 'CPIAB-E5507']);
  expect((await granted(first)).status).toBe(200);
  expect(await listed(box)).toEqual([[first.id, 'joined']]);
});

test('of two that wait under one name one is approved, also when both are at once', async () => {
  const box = await startBox();
  const both = [await asks(box, {}), await asks(box, {})];
  const answers = await Promise.all(both.map(({ id, request }) => box.approve(id, request)));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  const statuses = await Promise.all(both.map(async (asker) => (await granted(asker)).status));
  expect(statuses.toSorted()).toEqual([200, 403]);
  expect(await listed(box)).toHaveLength(1);
});

test('a request whose time is over gives way to any invitation', async () => {
  const clock = { now: Date.now() };
  const box = await startBox({ enroll: { wall: () => clock.now } });
  await asks(box, forName);
  clock.now += 61 * 60_000;
  const second = await asks(box, {});
  expect(await listed(box)).toEqual([[second.id, 'pending']]);
});

test('a member gives way to nobody', async () => {
  const box = await startBox();
  await box.member('n1');
  const machine = await Machine.make(box);
  const { parsed } = await box.invite(forName);
  const answer = await machine.post('/v1/enroll', requestOf(machine, parsed));
  expect(codeOf(answer)).toEqual([409, 'CPIAB-E5507']);
});

test('of twenty that come at once by invitations for one name, one waits', async () => {
  const box = await startBox();
  const all = await Promise.all(Array.from({ length: 20 }, () => asks(box, forName)));
  const waiting = (await box.nodes()).map(({ id }) => id);
  expect(waiting).toHaveLength(1);
  const statuses = await Promise.all(all.map(async (asker) => (await granted(asker)).status));
  expect(statuses.toSorted()).toEqual([202, ...Array(19).fill(403)]);
});

test('of a certificate that is fetched and a request that takes its place, one is too late', async () => {
  const box = await startBox();
  const first = await asks(box, forName);
  expect((await box.approve(first.id, first.request)).status).toBe(200);
  const machine = await Machine.make(box);
  const { parsed } = await box.invite(forName);
  const [fetched, asked] = await Promise.all([
    granted(first),
    machine.post('/v1/enroll', requestOf(machine, parsed)),
  ]);
  const states = (await box.nodes()).map(({ state }) => state);
  expect([fetched.status, asked.status, states]).toBeOneOf([
    [200, 409, ['joined']],
    [403, 202, ['pending']],
  ]);
});
