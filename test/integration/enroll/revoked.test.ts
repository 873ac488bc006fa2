import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as tlsConnect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { renew } from '../../../agent/join/renew.ts';
import { NodeStore } from '../../../agent/join/store.ts';
import { freshPath, startBox } from '../../support/enroll/box.ts';
import { Machine } from '../../support/enroll/machine.ts';

const { signal } = new AbortController();

describe('12. a revoked node', () => {
  test('loses its open connections within five seconds, and is refused everywhere', async () => {
    const revoked: string[] = [];
    const box = await startBox();
    box.api.board.put('kube', {} as never);
    box.api.board.put('engine', { revoke: async (name: string) => void revoked.push(name) } as never);
    const { member, store } = await box.member('a');
    const machine = await Machine.of(box, store);
    const open = tlsConnect({
      port: box.api.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      key: machine.key,
      cert: machine.cert,
    });
    await once(open, 'secureConnect');
    open.write('GET /v1/status HTTP/1.1\r\nHost: box\r\n\r\n');
    await once(open, 'data');
    open.resume();
    open.on('error', () => {});
    const closed = once(open, 'close');
    const began = performance.now();
    const answer = await box.post(`/v1/nodes/${member.grant.id}/revoke`, { reason: 'stolen' });
    await closed;
    expect(performance.now() - began).toBeLessThan(5000);
    const told = JSON.parse(answer.text);
    expect(told.closedConnections).toBe(1);
    expect(told.stillValid[0].until).toBe(await certificateEnd(member.grant.certificate));
    expect(revoked).toEqual(['a']);
    await expect(renew(store, Date.now, signal)).rejects.toMatchObject({ code: 'E5004' });
    for (const path of ['/v2/', '/v1/status', '/v1/join-material'])
      await expect(machine.get(path)).rejects.toThrow();
    const back = box.joinWith(store, (await box.invite()).parsed);
    expect((await back).grant.certificate).toBe(member.grant.certificate);
    const anew = new NodeStore(await freshPath());
    await writeFile(`${anew.directory}/node.key`, machine.key);
    await expect(box.joinWith(anew, (await box.invite()).parsed)).rejects.toMatchObject({ code: 'E5004' });
  });

  test('is still refused after the box has started again', async () => {
    const box = await startBox();
    const { member, store } = await box.member('a');
    await box.post(`/v1/nodes/${member.grant.id}/revoke`, { reason: 'stolen' });
    await box.post(`/v1/nodes/${member.grant.id}/remove`);
    const again = await startBox({ directory: box.api.directory });
    await expect((await Machine.of(again, store)).get('/v1/status')).rejects.toThrow();
  });

  async function certificateEnd(pem: string): Promise<string> {
    return new X509Certificate(pem).validToDate.toISOString();
  }
});
