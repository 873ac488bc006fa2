import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodePublicKey, encodeSecretKey, generateSiteKey } from '../../../../builder/bundle/minisign.ts';
import { makeIdentity } from '../../../../host/age/keys.ts';
import { secretsIn } from '../../../../policy/push/secrets.ts';

const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const locked = { type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' } as const;
const encrypted = privateKey.export(locked).toString();
const site = generateSiteKey();
const minisign = encodeSecretKey(site);

describe('a private key is found', () => {
  test.each([
    ['as OpenSSL writes it', ed25519],
    ['with the line ends of Windows', ed25519.replaceAll('\n', '\r\n')],
    ['indented in YAML', `key: |\n  ${ed25519.replaceAll('\n', '\n  ')}`],
    ['in JSON', JSON.stringify({ key: ed25519 })],
    ['with a passphrase', encrypted],
    ['with a passphrase, in JSON', JSON.stringify(encrypted)],
    ['as minisign writes it', encodeSecretKey(site)],
  ])('%s', (_, text) => {
    expect(secretsIn(`first line\n${text}`)).toMatchObject([{ rule: 'secret-key' }]);
  });

  test('with its line', () => {
    expect(secretsIn(`one\ntwo\n${ed25519}`)).toMatchObject([{ line: 3 }]);
  });
});

describe('nothing is found in', () => {
  test.each([
    ['a public key', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a public key of minisign', encodePublicKey(site)],
    ['text about keys', 'It begins with -----BEGIN PRIVATE KEY----- and has a comment: minisign secret key.'],
    ['code that makes one', 'const text = "-----BEGIN EC PRIVATE KEY-----\\n" + body;'],
  ])('%s', (_, text) => {
    expect(secretsIn(text)).toEqual([]);
  });

  test('a long text that begins like one, without taking long', () => {
    const head = ['-----BEGIN', 'PRIVATE KEY-----'].join(' ');
    const start = performance.now();
    expect(secretsIn(`${head}\n${'a: '.repeat(50_000)}`)).toEqual([]);
    expect(secretsIn(`${head}\n${'a: b\n'.repeat(50_000)}`)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test.each([
  ['a minisign key', minisign],
  ['a minisign key', minisign.replaceAll(/^/gm, '    ')],
  ['a minisign key', JSON.stringify({ key: minisign })],
  ['a minisign key', minisign.replaceAll('\n', '\r\n')],
  ['an age key', `# a key\n${makeIdentity().secret}\n`],
  ['an age key', JSON.stringify({ key: `# a key\n${makeIdentity().secret}\n` })],
])('%s is found', (name, text) => {
  expect(secretsIn(text)).toEqual([expect.objectContaining({ rule: 'secret-key', name })]);
});

test.each([
  ['a minisign public key', encodePublicKey(site)],
  ['a signature', `untrusted comment: signature from minisign secret key\n${'A'.repeat(99)}=\n`],
  ['a recipient of age', makeIdentity().recipient],
])('%s is none', (_, text) => {
  expect(secretsIn(text)).toEqual([]);
});
