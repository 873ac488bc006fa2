import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, clientCertificate } from '../../../../../agent/engine/kubeadm/client-certificate.ts';

const DAY_MS = 86_400_000;
let directory: string;
let authority: Authority;
const here = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cpiab-client-'));
  // As kubeadm makes it: the key in SEC 1, the name `CN=kubernetes`.
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', here('ca.key')]);
  const extensions = ['-addext', 'keyUsage=critical,keyCertSign,digitalSignature'];
  const subject = ['-subj', '/CN=kubernetes', '-days', '3650', '-out', here('ca.crt')];
  execFileSync('openssl', ['req', '-x509', '-key', here('ca.key'), ...subject, ...extensions]);
  authority = {
    certificate: readFileSync(here('ca.crt'), 'utf8'),
    key: readFileSync(here('ca.key'), 'utf8'),
  };
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('clientCertificate', () => {
  test('names the user, is for clients only, and a second program accepts its chain', async () => {
    expect(authority.key).toContain('BEGIN EC PRIVATE KEY');
    const made = await clientCertificate(authority, 'system:kube-proxy', Date.now(), 365 * DAY_MS);
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.subject).toBe('CN=system:kube-proxy');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.publicKey.equals(createPublicKey(createPrivateKey(made.key)))).toBe(true);
    writeFileSync(here('client.crt'), made.certificate);
    const check = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      here('ca.crt'),
      here('client.crt'),
    ];
    expect(execFileSync('openssl', check).toString()).toContain('client.crt: OK');
  });

  test('is valid from an hour ago for as long as told', async () => {
    const now = Date.parse('2026-05-04T03:02:01Z');
    const { certificate } = await clientCertificate(authority, 'user', now, DAY_MS);
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    expect(validFromDate.toISOString()).toBe('2026-05-04T02:02:01.000Z');
    expect(validToDate.toISOString()).toBe('2026-05-05T03:02:01.000Z');
  });
});
