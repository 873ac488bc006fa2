import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../../builder/registry/signed-payload.ts';
import { payloadFor } from '../../../support/registry/signatures.ts';

const image = `sha256:${'a'.repeat(64)}` as const;
const other = `sha256:${'b'.repeat(64)}` as const;
const pairs = {
  'ECDSA P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: generateKeyPairSync('ed25519'),
  'RSA PKCS #1 v1.5': generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const named = (key: KeyObject, path = 'team.pub') => ({ path, key });
const signed = (payload: Buffer, privateKey: KeyObject) => ({
  payload,
  signature: sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, privateKey).toString(
    'base64',
  ),
});

describe.each(Object.entries(pairs))('a signature by %s', (_, { publicKey, privateKey }) => {
  test('is good for the image that its payload names', () => {
    expect(judge(signed(payloadFor(image), privateKey), image, [named(publicKey)])).toEqual({ kind: 'good' });
  });

  test('is for another image when its payload names that', () => {
    const found = judge(signed(payloadFor(other), privateKey), image, [named(publicKey)]);
    expect(found).toEqual({ kind: 'other', key: 'team.pub', digest: other });
  });

  test('does not hold over a payload that was changed after signing', () => {
    const { signature } = signed(payloadFor(other), privateKey);
    const found = judge({ payload: payloadFor(image), signature }, image, [named(publicKey)]);
    expect(found).toEqual({ kind: 'foreign' });
  });

  test.each(['', '!', 'AAAA', Buffer.alloc(300).toString('base64')])('is none as %j', (signature) => {
    const found = judge({ payload: payloadFor(image), signature }, image, [named(publicKey)]);
    expect(found).toEqual({ kind: 'foreign' });
  });
});

describe('a signature', () => {
  const { 'ECDSA P-256': ours, Ed25519: second } = pairs;

  test('of no key is foreign, and of one of many is enough', () => {
    const found = signed(payloadFor(image), second.privateKey);
    expect(judge(found, image, [named(ours.publicKey)])).toEqual({ kind: 'foreign' });
    expect(judge(found, image, [])).toEqual({ kind: 'foreign' });
    const both = [named(ours.publicKey), named(second.publicKey, 'second.pub')];
    expect(judge(found, image, both)).toEqual({ kind: 'good' });
  });

  test.each([
    ['no JSON', Buffer.from('hello')],
    ['of another type', payloadFor(image, 'atomic container signature')],
    ['without a digest', Buffer.from('{"critical":{}}')],
  ])('over a payload %s is not one of an image, even by a key', (_, payload) => {
    const found = judge(signed(payload, ours.privateKey), image, [named(ours.publicKey)]);
    expect(found).toEqual({ kind: 'other', key: 'team.pub', digest: null });
  });
});
