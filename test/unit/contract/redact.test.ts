import { describe, expect, test } from 'vitest';
import { journalTo } from '../../../agent/report/journal.ts';
import { redact, redactedJson } from '../../../contract/redact.ts';

const S = 'Zx9secretvalue42';
const pem = `-----BEGIN EC PRIVATE KEY-----\n${S}\n-----END EC PRIVATE KEY-----`;
const bearer = `eyJhbGciOiJSUzI1NiJ9.${S}${S}.${S}`;

const secrets: [name: string, text: string][] = [
  ['an authorization header', `authorization: Bearer ${S}`],
  ['a header in JSON', `{"Authorization":"Basic ${S}"}`],
  ['a header in escaped JSON', `"{\\"Authorization\\":\\"Basic ${S}\\"}"`],
  ['a cookie', `Cookie: sid=${S}; theme=${S}`],
  ['a bearer token by itself', `sent Bearer ${S}`],
  ['a password in an address', `fetching https://alice:${S}@example.org/x.git failed`],
  ['a token as user of an address', `https://${S}@example.org/`],
  ['a private key', `before ${pem} after`],
  ['a private key in JSON', JSON.stringify({ key: pem })],
  ['a private key that is cut off', `-----BEGIN PRIVATE KEY-----\n${S}`],
  ['a JSON web token', `using ${bearer}`],
  ['a password setting', `password=${S}`],
  ['a password in YAML', `  adminPassword: "${S}"`],
  ['a secret of a client', `"client_secret": "${S}"`],
  ['a key of a kubeconfig', `client-key-data: ${S}`],
  ['an environment variable', `MINIO_ROOT_PASSWORD=${S} started`],
  ['an option', `k3s server --agent-token ${S} --debug`],
  ['an option with an equals sign', `--token=${S}`],
  ['a query', `GET /x?access_token=${S}&page=1`],
  ['a k3s token', `K10${'ab'.repeat(32)}::server:${S}`],
  ['an invitation', `cpiab1.192.0.2.7:7443.abcd.7.${S}`],
  ['an age key', 'AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LSECRETVALUE'],
  // In two parts: this file holds nothing that the rules for Git take for a token.
  ['a token of a host of Git', `ghp_${'secretvalueSECRETVALUE0123456789abcd'}`],
];

describe('a log never shows', () => {
  test.each(secrets)('%s', (_name, text) => {
    expect(redact(text)).not.toMatch(/secretvalue/i);
    expect(redact(text)).toContain('redacted');
    const lines: string[] = [];
    journalTo((line) => lines.push(line))('info', { detail: text, deeper: [{ text }] });
    expect(lines.join('')).not.toMatch(/secretvalue/i);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info' });
  });

  test('a bootstrap token of kubeadm', () => {
    expect(redact('kubeadm join --token abcdef.0123456789abcdef 10.0.0.1:6443')).not.toContain(
      '0123456789abcdef',
    );
  });

  test('a value whose name says that it is secret, whatever it looks like', () => {
    expect(redactedJson({ registryPassword: 'x y', count: 3, secret: null })).toBe(
      '{"registryPassword":"[redacted]","count":3,"secret":null}',
    );
  });
});

test.each([
  'sequence 412, signed by 5E1D0C3B2A190807; 48 files, 310 MiB match',
  'Pod/syncthing/syncthing-6d9f7c7c9-x2v5k: container syncthing: ImagePullBackOff',
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'GET https://192.0.2.7:7443/v1/status?from=0 404',
  'main went from 1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6 to 8c1f5f2b7d0e4a6c9b3d2e1f0a5b6c7d8e9f0a1b',
  'alice@example.org pushed',
])('what is no secret stays: %s', (text) => {
  expect(redact(text)).toBe(text);
});
