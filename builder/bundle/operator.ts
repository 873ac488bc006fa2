import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { type OperatorRole, operatorUri } from '../../contract/operator.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
const LEAF_DAYS = 90;

export interface OperatorCredential {
  /** PEM: the operator CA's certificate and private key. */
  ca: string;
  caKey: string;
  /** PEM: the operator's own certificate and private key. */
  certificate: string;
  key: string;
}

/**
 * Makes an operator CA and one operator certificate for TLS client authentication.
 * Profiles: RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12.
 * @param name the operator's common name.
 * @param now start of validity, backdated by a minute against clock skew.
 */
export async function makeOperator(name: string, now: Date): Promise<OperatorCredential> {
  const notBefore = new Date(now.getTime() - 60_000);
  const caKeys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=CPiaB operator CA',
    notBefore,
    notAfter: new Date(now.getTime() + CA_DAYS * DAY),
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const leaf = await issueLeaf({
    ...{ name, uri: null, notBefore },
    notAfter: new Date(now.getTime() + LEAF_DAYS * DAY),
    issuer: ca,
    signingKey: caKeys.privateKey,
  });
  return { ca: `${ca.toString('pem')}\n`, caKey: await pem(caKeys.privateKey), ...leaf };
}

export interface NewOperator {
  site: string;
  name: string;
  role: OperatorRole;
  days: number;
}

/**
 * A certificate of one operator, by the operator CA of the site: its URI says what he may do.
 * @param ca PEM of the CA's certificate and key. @returns PEM.
 */
export async function issueOperator(
  ca: { certificate: string; key: string },
  { site, name, role, days }: NewOperator,
  now: Date,
): Promise<{ certificate: string; key: string; notAfter: Date }> {
  const above = new x509.X509Certificate(ca.certificate);
  const der = x509.PemConverter.decodeFirst(ca.key);
  const notAfter = new Date(Math.min(now.getTime() + days * DAY, above.notAfter.getTime()));
  const leaf = await issueLeaf({
    ...{ name, uri: operatorUri(site, role, name), notBefore: new Date(now.getTime() - 60_000), notAfter },
    issuer: above,
    signingKey: await crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']),
  });
  return { ...leaf, notAfter };
}

interface Leaf {
  name: string;
  /** Null for a certificate that may do whatever operators may. */
  uri: string | null;
  notBefore: Date;
  notAfter: Date;
  issuer: x509.X509Certificate;
  signingKey: CryptoKey;
}

/** A certificate for TLS client authentication, and its new key; PEM. Profile: RFC 5280 section 4.2.1. */
async function issueLeaf(leaf: Leaf): Promise<{ certificate: string; key: string }> {
  const { name, uri, notBefore, notAfter, issuer, signingKey } = leaf;
  const keys = await newKeys();
  const names = uri === null ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }])];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${name}`,
    issuer: issuer.subject,
    ...{ notBefore, notAfter, signingKey },
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ...names,
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await pem(keys.privateKey) };
}

async function newKeys() {
  return await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function pem(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

/** 16 octets from a CSPRNG, positive (RFC 5280 section 4.1.2.2). */
function serial(): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}
