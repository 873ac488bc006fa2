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

/** Tags of GeneralName. Source: RFC 5280 section 4.2.1.6. */
const general = { dns: 0x82, uri: 0x86, ip: 0x87 } as const;
type GeneralName = readonly [kind: (typeof general)[keyof typeof general], value: string | Uint8Array];

interface NameConstraints {
  permitted: readonly GeneralName[];
  excluded: readonly GeneralName[];
}

/** Every IPv4 and every IPv6 address, each as address and mask of zeros. */
const addresses: readonly GeneralName[] = [
  [general.ip, new Uint8Array(8)],
  [general.ip, new Uint8Array(32)],
];

/** A key and its certificate, PEM. */
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

/** What an issuing authority is for. */
interface Purpose {
  /** For people. */
  subject: string;
  /** The only names that it can certify. */
  names: NameConstraints;
}

/** For nodes and workloads: URIs of the trust domain, no host and no address. */
export const forNodes = (trustDomain: string): Purpose => ({
  subject: 'CPiaB nodes',
  names: { permitted: [[general.uri, trustDomain]], excluded: [[general.dns, ''], ...addresses] },
});

/** For servers: hosts of one domain, no address. No URI has the host that is permitted (RFC 6761 section 6.4). */
export const forServers = (domain: string): Purpose => ({
  subject: 'CPiaB servers',
  names: {
    permitted: [
      [general.dns, domain],
      [general.uri, 'invalid'],
    ],
    excluded: addresses,
  },
});

/** An issuing authority, which can name nothing that it is not for. */
export async function mintIssuing(
  root: Signer,
  { subject, names }: Purpose,
  validity: Validity,
): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const above = new x509.X509Certificate(root.certificate);
  const [organization = ''] = above.subjectName.getField('O');
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serial(),
    subject: `CN=${subject} ${validity.notBefore.toISOString().slice(0, 10)}, O=${organization}`,
    issuer: above.subject,
    signingAlgorithm: rootAlgorithm,
    signingKey: await importKey(root.key, rootAlgorithm),
    publicKey: keys.publicKey,
    extensions: [
      ...authority(0),
      new x509.Extension(NAME_CONSTRAINTS, true, nameConstraints(names)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(above.publicKey),
    ],
  });
  return { key: await pem(keys.privateKey), certificate: `${certificate.toString('pem')}\n` };
}

/** A server's key and certificate. @param hosts names of DNS, also `*.` before one. */
export async function mintServer(
  issuer: Signer,
  hosts: readonly string[],
  validity: Validity,
): Promise<Signer> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const above = new x509.X509Certificate(issuer.certificate);
  const names = hosts.map((value) => ({ type: 'dns' as const, value }));
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serial(),
    subject: '',
    issuer: above.subject,
    signingAlgorithm: algorithm,
    signingKey: await importKey(issuer.key, algorithm),
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names, true),
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

/** Permitted and excluded subtrees of names. Source: RFC 5280 section 4.2.1.10. */
function nameConstraints({ permitted, excluded }: NameConstraints): Uint8Array<ArrayBuffer> {
  const subtrees = (tag: number, names: readonly GeneralName[]) =>
    encode(tag, ...names.map(([kind, value]) => encode(tags.sequence, encode(kind, Buffer.from(value)))));
  return new Uint8Array(encode(tags.sequence, subtrees(0xa0, permitted), subtrees(0xa1, excluded)));
}

async function importKey(text: string, how: typeof algorithm): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(text);
  return await crypto.subtle.importKey('pkcs8', der, how, false, ['sign']);
}

async function pem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}
