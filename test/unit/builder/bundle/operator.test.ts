import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeOperator, type OperatorCredential } from '../../../../builder/bundle/operator.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const now = new Date();
let operator: OperatorCredential;

beforeEach(async () => {
  operator = await makeOperator('operator', now);
  writeFileSync(here('ca.crt'), operator.ca);
  writeFileSync(here('operator.crt'), operator.certificate);
  writeFileSync(here('operator.key'), operator.key);
});

function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    'openssl',
    ['verify', '-x509_strict', '-CAfile', here('ca.crt'), ...args, here('operator.crt')],
    { encoding: 'utf8' },
  );
  return { status, said: stdout + stderr };
}

describe("the operator's certificate", () => {
  test('verifies strictly as a TLS client, now and until its 90 days are over', () => {
    const at = (days: number) => String(Math.floor(now.getTime() / 1000) + days * 86_400);
    expect(verify('-purpose', 'sslclient')).toMatchObject({ status: 0 });
    expect(verify('-purpose', 'sslclient', '-attime', at(89))).toMatchObject({ status: 0 });
    expect(verify('-purpose', 'sslclient', '-attime', at(91)).said).toContain('certificate has expired');
  });

  test('is no server and signs no other certificate', () => {
    expect(verify('-purpose', 'sslserver').said).toContain('unsuitable certificate purpose');
    expect(new X509Certificate(operator.certificate).ca).toBe(false);
  });

  test('is refused under another CA of the same name', async () => {
    writeFileSync(here('ca.crt'), (await makeOperator('operator', now)).ca);
    expect(verify('-purpose', 'sslclient').status).not.toBe(0);
  });

  test('belongs to the key beside it, and has a positive serial of 16 octets', () => {
    const certificate = new X509Certificate(operator.certificate);
    expect(certificate.subject).toBe('CN=operator');
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    const text = execFileSync('openssl', ['pkey', '-in', here('operator.key'), '-pubout'], {
      encoding: 'utf8',
    });
    expect(certificate.publicKey.export({ format: 'pem', type: 'spki' })).toBe(text);
  });
});

test('the CA may sign certificates, but no further CA', () => {
  const shown = execFileSync(
    'openssl',
    ['x509', '-noout', '-ext', 'basicConstraints,keyUsage', '-in', here('ca.crt')],
    { encoding: 'utf8' },
  );
  expect(shown).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  expect(shown).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
});
