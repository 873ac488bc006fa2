import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { noExpiry } from '../api/self-signed.ts';
import { encode, tags } from './der.ts';
import { serial } from './serial.ts';

const rootAlgorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NAME_CONSTRAINTS = '2.5.29.30';
const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;

/** An authority's key and certificate, PEM. */
export interface Signer {
  key: string;
  certificate: string;
}

export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

/** The root: signs issuing authorities and nothing else. Profile: RFC 5280 section 4.2.1. */
export async function mintRoot(trustDomain: string, validity: Validity): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(rootAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serial(),
    name: `CN=CPiaB root, O=${trustDomain}`,
    signingAlgorithm: rootAlgorithm,
    keys,
    extensions: [...authority(1), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return { key: await pem(keys.privateKey), certificate: `${certificate.toString('pem')}\n` };
}

/** An issuing authority: it can name nothing outside of the trust domain, no host and no address. */
export async function mintIssuing(root: Signer, trustDomain: string, validity: Validity): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const above = new x509.X509Certificate(root.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serial(),
    subject: `CN=CPiaB nodes ${validity.notBefore.toISOString().slice(0, 10)}, O=${trustDomain}`,
    issuer: above.subject,
    signingAlgorithm: rootAlgorithm,
    signingKey: await importKey(root.key, rootAlgorithm),
    publicKey: keys.publicKey,
    extensions: [
      ...authority(0),
      new x509.Extension(NAME_CONSTRAINTS, true, nameConstraints(trustDomain)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(above.publicKey),
    ],
  });
  return { key: await pem(keys.privateKey), certificate: `${certificate.toString('pem')}\n` };
}

/** A certificate by which a key shows itself over TLS before anybody has vouched for it. @param key PEM. @returns PEM. */
export async function mintPossession(key: string): Promise<string> {
  const privateKey = await importKey(key, algorithm);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = await crypto.subtle.importKey('spki', new Uint8Array(spki), algorithm, true, ['verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...noExpiry,
    serialNumber: serial(),
    name: 'CN=CPiaB node, not enrolled',
    signingAlgorithm: algorithm,
    keys: { privateKey, publicKey },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

const authority = (pathLength: number) => [
  new x509.BasicConstraintsExtension(true, pathLength, true),
  new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
];

/**
 * Permitted: URIs of this host. Excluded: every DNS name, every IPv4 and IPv6 address, each as name and mask of zeros.
 * Source: RFC 5280 section 4.2.1.10.
 */
function nameConstraints(trustDomain: string): Uint8Array<ArrayBuffer> {
  const [dns, uri, ip] = [0x82, 0x86, 0x87];
  const subtree = (tag: number, value: Uint8Array) => encode(tags.sequence, encode(tag, value));
  const permitted = encode(0xa0, subtree(uri, Buffer.from(trustDomain)));
  const excluded = [
    subtree(dns, Buffer.alloc(0)),
    subtree(ip, Buffer.alloc(8)),
    subtree(ip, Buffer.alloc(32)),
  ];
  return new Uint8Array(encode(tags.sequence, permitted, encode(0xa1, ...excluded)));
}

async function importKey(text: string, how: typeof algorithm): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(text);
  return await crypto.subtle.importKey('pkcs8', der, how, false, ['sign']);
}

async function pem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}
