import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { selfSigned } from '../../../agent/api/self-signed.ts';

/** The one key and certificate of a directory's servers, `tls.key` and `tls.crt`. PEM. */
export async function testCertificate(directory: string): Promise<{ key: string; certificate: string }> {
  const paths = { key: join(directory, 'tls.key'), certificate: join(directory, 'tls.crt') };
  const known = await Promise.all([readFile(paths.key, 'utf8'), readFile(paths.certificate, 'utf8')]).catch(
    () => null,
  );
  if (known !== null) return { key: known[0], certificate: known[1] };
  const made = await selfSigned(['127.0.0.1', 'localhost']);
  await writeFile(paths.key, made.key);
  await writeFile(paths.certificate, made.certificate);
  return made;
}

/** A key and a certificate that signs itself, for one name, good between two dates. PEM. */
export async function certificateFor(
  name: x509.JsonGeneralName,
  notBefore: Date,
  notAfter: Date,
): Promise<{ key: string; certificate: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([name])],
  });
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: x509.PemConverter.encode(der, 'PRIVATE KEY'), certificate: certificate.toString('pem') };
}
