import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { expect, test } from 'vitest';
import { SvidMint } from '../../../agent/pki/svid-mint.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshPath, freshStore, startBox } from '../../support/enroll/box.ts';

const DAY = 24 * 3_600_000;
const { KeyUsageFlags } = x509;

/** The certificates of a box with one node. */
async function certificates() {
  const box = await startBox();
  const { grant } = (await box.member()).member;
  const [leaf, issuing, root] = [grant.certificate, grant.chain, grant.root].map(
    (pem) => new x509.X509Certificate(pem),
  ) as [x509.X509Certificate, x509.X509Certificate, x509.X509Certificate];
  return { box, grant, leaf, issuing, root };
}

const usages = (certificate: x509.X509Certificate) => certificate.getExtension(x509.KeyUsagesExtension);
const basic = (certificate: x509.X509Certificate) => certificate.getExtension(x509.BasicConstraintsExtension);

test("a node's certificate is an X.509-SVID: one URI, critical, of its trust domain, and no authority", async () => {
  const { leaf, grant } = await certificates();
  const names = leaf.getExtension(x509.SubjectAlternativeNameExtension);
  expect([names?.critical, names?.names.items.map(({ type, value }) => [type, value])]).toEqual([
    true,
    [['url', `spiffe://${grant.trustDomain}/node/${grant.id}`]],
  ]);
  // SPIFFE ID section 2: a trust domain of lower-case letters, digits, dots, hyphens and underscores; at most 255 bytes.
  expect(grant.trustDomain).toMatch(/^[a-z0-9._-]{1,255}$/);
  expect(leaf.subject).toBe('');
  // X.509-SVID section 4: neither keyCertSign nor cRLSign; digitalSignature set; critical.
  expect([usages(leaf)?.critical, usages(leaf)?.usages]).toEqual([true, KeyUsageFlags.digitalSignature]);
  expect([basic(leaf)?.critical, basic(leaf)?.ca]).toEqual([true, false]);
  expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
    x509.ExtendedKeyUsage.clientAuth,
    x509.ExtendedKeyUsage.serverAuth,
  ]);
  expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBeLessThanOrEqual(DAY + 61_000);
});

test('authorities say how far they reach, and each certificate whose key it has and who signed it', async () => {
  const { leaf, issuing, root } = await certificates();
  expect(
    [basic(root), basic(issuing)].map((found) => [found?.critical, found?.ca, found?.pathLength]),
  ).toEqual([
    [true, true, 1],
    [true, true, 0],
  ]);
  for (const authority of [root, issuing])
    expect([usages(authority)?.critical, usages(authority)?.usages]).toEqual([
      true,
      KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
    ]);
  expect(root.publicKey.algorithm).toMatchObject({ namedCurve: 'P-384' });
  const own = (certificate: x509.X509Certificate) =>
    certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const above = (certificate: x509.X509Certificate) =>
    certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  expect([above(leaf), above(issuing), above(root)]).toEqual([own(issuing), own(root), undefined]);
  for (const { serialNumber } of [leaf, issuing, root]) expect(serialNumber).toMatch(/^[4-7][0-9a-f]{31}$/);
});

test('an issuing authority can vouch for no name outside of its trust domain', async () => {
  const { box, grant } = await certificates();
  const authorities = JSON.parse(
    await readFile(join(box.api.directory, 'state', 'pki', 'authorities.json'), 'utf8'),
  );
  const mint = new SvidMint(authorities.issuing[0]);
  const { key } = await (await freshStore()).key();
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const directory = await freshPath();
  const verified = async (uri: string) => {
    const paths = {
      root: join(directory, 'root'),
      chain: join(directory, 'chain'),
      leaf: join(directory, 'leaf'),
    };
    await writeFile(paths.root, grant.root);
    await writeFile(paths.chain, grant.chain);
    await writeFile(paths.leaf, mint.mint(uri, spki, validity).certificate);
    const argv = [
      'openssl',
      'verify',
      '-x509_strict',
      '-CAfile',
      paths.root,
      '-untrusted',
      paths.chain,
      paths.leaf,
    ];
    return await run(argv).then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as ProcessError).stderr,
    );
  };
  expect(await verified(`spiffe://${grant.trustDomain}/node/x`)).toContain('OK');
  expect(await verified('spiffe://evil.example/node/x')).toContain('permitted subtree violation');
});
