import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { Authority } from '../../../agent/pki/authority.ts';
import { mintServer } from '../../../agent/pki/mint.ts';
import { ServerAuthority, type ServerCertificate } from '../../../agent/pki/server-authority.ts';
import { isCurrent } from '../../../agent/routes/current.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshPath, startBox } from '../../support/enroll/box.ts';

const DAY = 24 * 3_600_000;
const host = 'app.box.home.arpa';

/** An authority of one box, whose clock the test sets. */
async function authority(domain = 'box.home.arpa', directory?: string) {
  const clock = { now: Date.now() };
  const wall = () => clock.now;
  const path = directory ?? (await freshPath());
  const root = new Authority(path, 'abc.lab.cpiab.internal', wall);
  return { clock, path, root, servers: new ServerAuthority(path, root, domain, wall) };
}

/** What openssl says of it as a server of that name. */
async function verified({ certificate, root }: ServerCertificate, name: string): Promise<string> {
  const directory = await freshPath();
  const [leaf = '', chain = ''] = certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  for (const [file, pem] of Object.entries({ leaf, chain, root }))
    await writeFile(join(directory, file), pem);
  const files = ['-CAfile', join(directory, 'root'), '-untrusted', join(directory, 'chain')];
  const how = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', name];
  return await run(['openssl', 'verify', ...how, ...files, join(directory, 'leaf')]).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as ProcessError).stderr,
  );
}

test("a route's certificate is good for its host and for no other", async () => {
  const { servers } = await authority();
  const made = await servers.issue([host, 'other.box.home.arpa']);
  expect(await verified(made, host)).toContain('OK');
  expect(await verified(made, 'third.box.home.arpa')).toContain('hostname mismatch');
  const leaf = new X509Certificate(made.certificate);
  expect([leaf.ca, leaf.keyUsage]).toEqual([false, ['1.3.6.1.5.5.7.3.1']]);
  expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBeLessThanOrEqual(30 * DAY + 61_000);
});

test('its authority can vouch for no host of another domain', async () => {
  const name = 'bank.example';
  const { servers, path, root } = await authority();
  await servers.issue([host]);
  const issuing = JSON.parse(await readFile(join(path, 'servers.json'), 'utf8'));
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + DAY) };
  const { certificate, key } = await mintServer(issuing, [name], validity);
  const made = { key, certificate: certificate + issuing.certificate, serial: '' };
  expect(await verified({ ...made, root: (await root.root()).certificate }, name)).toContain(
    'permitted subtree violation',
  );
});

test('a client that trusts the root of the box alone speaks TLS with it', async () => {
  const { servers } = await authority();
  const { key, certificate, root } = await servers.issue([host]);
  const server = createServer({ key, cert: certificate }, (_, outgoing) => outgoing.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const asked = (servername: string) =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', servername, ca: root }, () => {
        resolve(socket.authorized);
        socket.end();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
  expect([await asked(host), await asked('third.box.home.arpa')]).toEqual([
    true,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ]);
});

test('it has another authority when two thirds of the life of one are over, and for another domain', async () => {
  const { servers, clock, path } = await authority();
  const issuer = async (from: ServerAuthority) => (await from.issue([host])).certificate.split('-----END')[1];
  const first = await issuer(servers);
  clock.now += 240 * DAY;
  expect(await issuer(servers)).toBe(first);
  clock.now += 10 * DAY;
  const second = await issuer(servers);
  expect(second).not.toBe(first);
  const { servers: moved } = await authority('example.home.arpa', path);
  expect(await issuer(moved)).not.toBe(second);
});

test('a Secret is current until half of the life is over, for just its hosts, by its own key', async () => {
  const { servers, clock } = await authority();
  const made = await servers.issue([host]);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const data = {
    'tls.crt': base64(made.certificate),
    'tls.key': base64(made.key),
    'ca.crt': base64(made.root),
  };
  const other = await servers.issue([host]);
  const at = (days: number, change = {}, hosts = [host]) =>
    isCurrent({ ...data, ...change }, hosts, made.root, clock.now + days * DAY);
  expect([at(0), at(14.9), at(15.1), at(-1)]).toEqual([true, true, false, false]);
  expect([at(0, {}, [host, 'b.box.home.arpa']), at(0, { 'tls.key': base64(other.key) })]).toEqual([
    false,
    false,
  ]);
  expect([at(0, { 'ca.crt': '' }), at(0, { 'tls.crt': base64('no certificate') })]).toEqual([false, false]);
});

test('anyone may read the root, and it is the one that a node has', async () => {
  const box = await startBox();
  const { status, text } = await box.anonymous('/v1/root.crt', {});
  expect([status, text]).toEqual([200, await box.api.board.get('authority').rootCertificate()]);
});
