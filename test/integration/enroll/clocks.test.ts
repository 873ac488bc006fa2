import { describe, expect, test } from 'vitest';
import { freshStore, startBox } from '../../support/enroll/box.ts';

describe('8. clocks', () => {
  const CENTURY = { past: Date.UTC(1970, 0, 2), future: Date.UTC(2040, 0, 1) };

  test.each(Object.entries(CENTURY))(
    'a box whose clock is in the %s after it has an authority names the skew',
    async (_, time) => {
      const clock = { now: Date.now() };
      const box = await startBox({ enroll: { wall: () => clock.now } });
      await box.member('first');
      const store = await freshStore();
      const { parsed } = await box.invite();
      clock.now = time;
      if (time > Date.now()) Object.assign(parsed, (await box.invite()).parsed);
      await expect(box.joinWith(store, parsed, 'second')).rejects.toMatchObject({
        code: 'E2507',
        message: expect.stringMatching(
          /E2505 the clock says (1970|2040)-01-0\d.* its authority (begins|ends)/,
        ),
      });
    },
  );

  test('a node whose clock differs from the box says by how much', async () => {
    const clock = { now: CENTURY.future };
    const box = await startBox({ enroll: { wall: () => clock.now } });
    const { parsed } = await box.invite();
    await expect(box.joinWith(await freshStore(), parsed)).rejects.toMatchObject({ code: 'E2508' });
  });

  test('a used invitation stays used, and an ended one ended, when the clock is set back', async () => {
    const clock = { now: Date.now() };
    const box = await startBox({ enroll: { wall: () => clock.now } });
    const { parsed: used } = await box.invite();
    const { parsed: late } = await box.invite({ ttl: 60 });
    await box.joinWith(await freshStore(), used);
    clock.now += 120_000;
    await box.invite();
    clock.now -= 3_600_000;
    const restarted = await startBox({ directory: box.api.directory, enroll: { wall: () => clock.now } });
    const at = (invitation: typeof used) => ({ ...invitation, box: restarted.address });
    for (const [invitation, why] of [
      [used, 'used before'],
      [late, 'it ended at'],
    ] as const)
      await expect(restarted.joinWith(await freshStore(), at(invitation), 'other')).rejects.toMatchObject({
        message: expect.stringContaining(why),
      });
  });

  test('a box that was restored from a backup takes no invitation from before', async () => {
    const box = await startBox();
    const { parsed } = await box.invite();
    const restored = await startBox({ directory: box.api.directory, enroll: { restored: true } });
    const joining = restored.joinWith(await freshStore(), { ...parsed, box: restored.address });
    await expect(joining).rejects.toMatchObject({
      message: expect.stringContaining('restored from a backup'),
    });
  });
});
