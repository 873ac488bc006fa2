import { describe, expect, test } from 'vitest';
import { startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

describe('1. replay', () => {
  test('a request that is sent again gives no second certificate, and no other key may send it', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const body = requestOf(machine, (await box.invite()).parsed);
    const first = JSON.parse((await machine.post('/v1/enroll', body)).text);
    await box.approve(first.id, first.request);
    const granted = await machine.get(`/v1/enroll/${first.id}`);
    const again = JSON.parse((await machine.post('/v1/enroll', body)).text);
    expect(again.id).toBe(first.id);
    expect((await machine.get(`/v1/enroll/${again.id}`)).text).toContain(
      JSON.parse(granted.text).certificate.slice(30, 90).split('\n')[0],
    );
    expect((await box.nodes())[0]?.certificates).toHaveLength(1);
    const other = await (await Machine.make(box)).post('/v1/enroll', body);
    expect([other.status, JSON.parse(other.text).code]).toEqual([403, 'CPIAB-E2503']);
  });

  test('a renewal with a nonce that came before is refused', async () => {
    const box = await startBox();
    const { store } = await box.member();
    const machine = await Machine.of(box, store);
    const renewal = { apiVersion: 'cpiab.dev/v1', kind: 'Renewal', nonce: 'ab'.repeat(16), since: 0 };
    expect((await machine.post('/v1/renew', renewal)).status).toBe(200);
    const again = await machine.post('/v1/renew', renewal);
    expect([again.status, JSON.parse(again.text).code]).toEqual([409, 'CPIAB-E5506']);
  });
});
