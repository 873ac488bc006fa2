import { describe, expect, test } from 'vitest';
import { startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

describe('9. an approval is for what was looked at', () => {
  test('another request than the one that was shown is not approved by it', async () => {
    const box = await startBox();
    const shown = await Machine.make(box);
    const swapped = await Machine.make(box);
    const first = JSON.parse((await shown.post('/v1/enroll', requestOf(shown, null))).text);
    const second = JSON.parse((await swapped.post('/v1/enroll', requestOf(swapped, null))).text);
    const answer = await box.approve(second.id, first.request);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([409, 'CPIAB-E5503']);
    expect((await box.nodes()).map(({ state }) => state)).toEqual(['pending', 'pending']);
  });

  test('an approval that comes too late is 410, and so is one that nobody used', async () => {
    const clock = { now: Date.now() };
    const box = await startBox({ enroll: { wall: () => clock.now } });
    const machine = await Machine.make(box);
    const late = JSON.parse(
      (await machine.post('/v1/enroll', requestOf(machine, (await box.invite()).parsed))).text,
    );
    clock.now += 61 * 60_000;
    const answer = await box.approve(late.id, late.request);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([410, 'CPIAB-E5502']);
    const again = JSON.parse(
      (await machine.post('/v1/enroll', requestOf(machine, (await box.invite()).parsed))).text,
    );
    expect((await box.approve(again.id, again.request)).status).toBe(200);
    clock.now += 61 * 60_000;
    expect((await machine.get(`/v1/enroll/${again.id}`)).status).toBe(410);
  });
});
