import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { certificateParts } from '../../../../agent/pki/certificate-parts.ts';
import { elements, encode, only, tags } from '../../../../agent/pki/der.ts';
import { mintPossession } from '../../../../agent/pki/mint.ts';

async function shown(): Promise<X509Certificate> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return new X509Certificate(
    await mintPossession(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
  );
}

test('the key of a certificate is the one that OpenSSL finds there', async () => {
  const { raw, publicKey } = await shown();
  expect(certificateParts(raw).spki).toEqual(publicKey.export({ format: 'der', type: 'spki' }));
});

test("what has another's key where version 3 has its own is none", async () => {
  const [mine, other] = [await shown(), await shown()];
  const [signed, ...signature] = elements(only(mine.raw, tags.sequence).content);
  // OpenSSL takes an issuerUniqueID (RFC 5280 section 4.1.2.8) without a version too.
  const fields = elements(signed?.content ?? Buffer.alloc(0)).slice(1, 7);
  const identifier = encode(0x81, certificateParts(other.raw).spki);
  const body = encode(tags.sequence, ...fields.map(({ whole }) => whole), identifier);
  const forged = encode(tags.sequence, body, ...signature.map(({ whole }) => whole));
  expect(() => certificateParts(forged)).toThrow(RangeError);
});
