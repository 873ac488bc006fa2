import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { describe, expect, test } from 'vitest';
import { mintPossession } from '../../../agent/pki/mint.ts';
import { type EnrollBox, freshStore, startBox } from '../../support/enroll/box.ts';
import { Machine } from '../../support/enroll/machine.ts';

describe('11. one node for another', () => {
  test("a node does not get another's certificate", async () => {
    const box = await startBox();
    const { store } = await box.member('a');
    const { member: other } = await box.member('b');
    const a = await Machine.of(box, store);
    const answer = await a.get(`/v1/enroll/${other.grant.id}`);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'CPIAB-E2503']);
    expect(answer.text).not.toContain('BEGIN CERTIFICATE');
  });

  test("a node's certificate as an authority, as an operator's and as the box's is refused", async () => {
    const box = await startBox();
    const { member, store } = await box.member('a');
    const a = await Machine.of(box, store);
    const forged = await forgedLeaf(a.key, member.grant.certificate);
    const answer = await forged
      .on(box)
      .post('/v1/renew', { apiVersion: 'cpiab.dev/v1', kind: 'Renewal', nonce: 'cd'.repeat(16), since: 0 });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'CPIAB-E2503']);
    const selfMade = new Machine(box, a.key, await mintPossession(a.key));
    const renewal = { apiVersion: 'cpiab.dev/v1', kind: 'Renewal', nonce: 'ef'.repeat(16), since: 0 };
    expect((await selfMade.post('/v1/renew', renewal)).status).toBe(403);
    const asOperator = await a.get('/v1/nodes');
    expect([asOperator.status, JSON.parse(asOperator.text).code]).toEqual([403, 'CPIAB-E5508']);
    const rogue = createServer({ key: a.key, cert: `${member.grant.certificate}${member.grant.chain}` });
    rogue.on('tlsClientError', () => {});
    rogue.listen(0, '127.0.0.1');
    await once(rogue, 'listening');
    const { port } = rogue.address() as { port: number };
    const joining = box.joinWith(await freshStore(), {
      ...(await box.invite()).parsed,
      box: `127.0.0.1:${port}`,
    });
    await expect(joining).rejects.toMatchObject({ code: 'E5005' });
    rogue.close();
  });
});

/** A certificate of a new key, signed by a node's key as if that were an authority. */
async function forgedLeaf(issuerKey: string, issuer: string) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const above = new x509.X509Certificate(issuer);
  const der = x509.PemConverter.decodeFirst(issuerKey);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: '',
    issuer: above.subject,
    signingAlgorithm: algorithm,
    signingKey: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    publicKey: keys.publicKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        [{ type: 'url', value: 'spiffe://b1000000.lab.cpiab.internal/node/x' }],
        true,
      ),
    ],
  });
  const key = `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`;
  return { on: (box: EnrollBox) => new Machine(box, key, `${certificate.toString('pem')}\n${issuer}`) };
}
