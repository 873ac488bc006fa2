import { once } from 'node:events';
import { createServer, connect as tlsConnect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { selfSigned } from '../../../agent/api/self-signed.ts';
import { freshStore, startBox } from '../../support/enroll/box.ts';

describe('6. a rogue box', () => {
  test('that answers at the right address with its own key learns no secret', async () => {
    const { key, certificate } = await selfSigned(['127.0.0.1']);
    let heard = 0;
    const server = createServer(
      { key, cert: certificate, requestCert: true, rejectUnauthorized: false },
      (socket) => {
        socket.on('data', (bytes) => {
          heard += bytes.length;
        });
        socket.on('error', () => {});
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const box = await startBox();
    const { parsed } = await box.invite();
    const joining = box.joinWith(await freshStore(), { ...parsed, box: `127.0.0.1:${port}` });
    await expect(joining).rejects.toMatchObject({ code: 'E5005' });
    expect(heard).toBe(0);
    await new Promise((done) => server.close(done));
  });
});

describe('7. a downgrade', () => {
  test('a box that speaks TLS 1.2 only is not spoken to, and a box does not speak it', async () => {
    const box = await startBox();
    const { key, certificate } = box.api.identity;
    const old = createServer({ key, cert: certificate, maxVersion: 'TLSv1.2' });
    let heard = 0;
    old.on('tlsClientError', () => {});
    old.on('secureConnection', (socket) =>
      socket.on('error', () => {}).on('data', ({ length }) => (heard += length)),
    );
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    const { port } = old.address() as { port: number };
    const { parsed } = await box.invite();
    const joining = box.joinWith(await freshStore(), { ...parsed, box: `127.0.0.1:${port}` });
    const version = { code: 'E5004', message: expect.stringMatching(/version/i) };
    await expect(joining).rejects.toMatchObject(version);
    expect(heard).toBe(0);
    old.close();
    const client = tlsConnect({
      port: box.api.port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
    const [error] = await once(client, 'error');
    expect((error as NodeJS.ErrnoException).code).toMatch(/PROTOCOL_VERSION|ECONNRESET/);
  });
});
