import 'reflect-metadata';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { serial } from '../pki/serial.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/**
 * Clients pin the key, and a box's clock may be years off: validity must never be what fails.
 * The end is X.509's word for "no well-defined expiration date" (RFC 5280 section 4.1.2.5).
 */
export const noExpiry = {
  notBefore: new Date('2000-01-01T00:00:00Z'),
  notAfter: new Date('9999-12-31T23:59:59Z'),
};

/** Makes a key and a certificate for a TLS server that signs itself (RFC 5280 section 4.2.1). PEM. */
export async function selfSigned(names: readonly string[]): Promise<{ key: string; certificate: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=CPiaB box',
    ...noExpiry,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`,
    certificate: `${certificate.toString('pem')}\n`,
  };
}
