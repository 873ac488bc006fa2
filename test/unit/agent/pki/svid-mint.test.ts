import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { forNodes, mintIssuing, mintRoot, type Signer } from '../../../../agent/pki/mint.ts';
import { SvidMint } from '../../../../agent/pki/svid-mint.ts';

const DOMAIN = 'b1.lab.cpiab.internal';
const uri = `spiffe://${DOMAIN}/node/x`;
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ format: 'der', type: 'spki' });
let issuing: Signer;

beforeAll(async () => {
  const validity = { notBefore: new Date('2030-01-01'), notAfter: new Date('2060-01-01') };
  issuing = await mintIssuing(await mintRoot(DOMAIN, validity), forNodes(DOMAIN), validity);
});

test('a certificate has one URI, the key and the serial number, and is signed', () => {
  const validity = { notBefore: new Date('2031-01-01'), notAfter: new Date('2031-01-02') };
  const { certificate, serial } = new SvidMint(issuing).mint(uri, spki, validity);
  const read = new X509Certificate(certificate);
  const authority = new X509Certificate(issuing.certificate);
  expect(read).toMatchObject({ subjectAltName: `URI:${uri}`, serialNumber: serial, ca: false });
  expect(read.subject ?? '').toBe('');
  expect(read.publicKey.equals(publicKey)).toBe(true);
  expect([read.verify(authority.publicKey), read.checkIssued(authority)]).toEqual([true, true]);
});

test('its times have four digits of a year from 2050 on', () => {
  const validity = {
    notBefore: new Date('2049-12-31T23:59:00Z'),
    notAfter: new Date('2050-01-01T23:59:00Z'),
  };
  const { certificate } = new SvidMint(issuing).mint(uri, spki, validity);
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  expect({ notBefore: validFromDate, notAfter: validToDate }).toEqual(validity);
  expect(
    certificate.includes('170d3439313233313233353930305a180f32303530303130313233353930305a', 'hex'),
  ).toBe(true);
});
