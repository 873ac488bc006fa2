import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../../agent/pki/request.ts';
import { freshStore, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

describe('13. requests that are made to hurt', () => {
  test('10 MB of request are 413, and are not read', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const shown = { key: machine.key, cert: machine.cert };
    const socket = tlsConnect({ port: box.api.port, host: '127.0.0.1', rejectUnauthorized: false, ...shown });
    await once(socket, 'secureConnect');
    socket.on('error', () => {});
    socket.write(`POST /v1/enroll HTTP/1.1\r\nHost: box\r\nContent-Length: ${10 << 20}\r\n\r\n`);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('413');
    socket.destroy();
  });

  test('10,000 levels of ASN.1 are 400', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    let nested = Buffer.from('3000', 'hex');
    while (nested.length < 4000) {
      const size = nested.length;
      const head = size < 128 ? [0x30, size] : [0x30, 0x82, size >> 8, size & 255];
      nested = Buffer.concat([Buffer.from(size > 127 && size < 256 ? [0x30, 0x81, size] : head), nested]);
    }
    const answer = await machine.post('/v1/enroll', {
      ...requestOf(machine, null),
      csr: nested.toString('base64'),
    });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'CPIAB-E2502']);
    const indefinite = Buffer.from('3080'.repeat(2000), 'hex');
    expect(() => checkRequest(indefinite)).toThrow('not a certification request');
  });

  test('slow senders and half handshakes are ended, and meanwhile a machine joins', {
    timeout: 60_000,
  }, async () => {
    const box = await startBox();
    const slow = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = tlsConnect({ port: box.api.port, host: '127.0.0.1', rejectUnauthorized: false });
        await once(socket, 'secureConnect');
        socket.on('error', () => {});
        socket.write('POST /v1/enroll HTTP/1.1\r\nHost: ');
        return once(socket, 'data').then(([bytes]) => String(bytes).slice(9, 12));
      }),
    );
    const half = Array.from({ length: 20 }, () => connect(box.api.port, '127.0.0.1'));
    for (const socket of half) socket.on('error', () => {}).resume();
    const closed = Promise.all(half.map((socket) => once(socket, 'close')));
    const began = performance.now();
    await box.joinWith(await freshStore(), (await box.invite()).parsed, 'honest');
    expect(performance.now() - began).toBeLessThan(5000);
    expect(await Promise.all(slow)).toEqual(Array(20).fill('408'));
    await closed;
  });
});
