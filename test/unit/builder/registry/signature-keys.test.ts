import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  keyPathsFor,
  parseSignatureKey,
  rejectIdleKeys,
} from '../../../../builder/registry/signature-keys.ts';
import { SiteSchema } from '../../../../contract/site.ts';
import { certificateFor } from '../../../support/registry/certificate.ts';

const siteWith = (registries: object) =>
  SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'harbour', registries });
const publicPem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });

describe('a key of the site', () => {
  test.each([
    ['ECDSA P-256', ec('P-256')],
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['RSA of 2048 bits', rsa(2048)],
  ])('may be %s', (_, { publicKey }) => {
    expect(parseSignatureKey(publicPem(publicKey), 'team.pub').equals(publicKey)).toBe(true);
  });

  test.each([
    ['curve secp384r1', publicPem(ec('P-384').publicKey)],
    ['RSA of 1024 bits', publicPem(rsa(1024).publicKey)],
    ['type x25519', publicPem(generateKeyPairSync('x25519').publicKey)],
    ['private key', ec('P-256').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
    ['no PEM block PUBLIC KEY', 'hello'],
    ['cannot be read', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
  ])('is refused with the reason: %s', (why, text) => {
    expect(() => parseSignatureKey(text, 'team.pub')).toThrow(
      expect.objectContaining({ code: 'E1090', message: expect.stringContaining(why) }),
    );
  });

  test('is no certificate, whose dates nobody would look at', async () => {
    const { certificate } = await certificateFor(
      new (await import('@peculiar/x509')).GeneralName('dns', 'localhost'),
      new Date(0),
      new Date(1e12),
    );
    expect(() => parseSignatureKey(certificate, 'team.pub')).toThrow(
      expect.objectContaining({ code: 'E1090' }),
    );
  });
});

describe('the keys for an image', () => {
  const site = siteWith({
    'docker.io': { signatures: [{ key: 'all.pub' }, { repository: 'team', key: 'team.pub' }] },
    'quay.io': { signatures: [{ repository: 'team/app', key: 'app.pub' }] },
  });

  test.each([
    ['docker.io/team/app:1', ['all.pub', 'team.pub']],
    ['team/app:1', ['all.pub', 'team.pub']],
    ['docker.io/team:1', ['all.pub', 'team.pub']],
    ['docker.io/teamster/app:1', ['all.pub']],
    ['quay.io/team/app:1', ['app.pub']],
    ['quay.io/team/app/part:1', ['app.pub']],
    ['quay.io/team/apple:1', []],
    ['ghcr.io/team/app:1', []],
  ])('%s: %j', (reference, keys) => {
    expect(keyPathsFor(reference, site)).toEqual(keys);
  });

  test('are each for some image, or the site is refused: a mistyped one would check nothing', () => {
    rejectIdleKeys(site, ['team/app:1', 'quay.io/team/app:1']);
    expect(() => rejectIdleKeys(site, ['team/app:1', 'quay.io/team/apple:1'])).toThrow(
      expect.objectContaining({ code: 'E1091', subject: 'registries.quay.io.signatures team/app' }),
    );
    const mistyped = siteWith({ 'index.docker.io': { signatures: [{ key: 'all.pub' }] } });
    expect(() => rejectIdleKeys(mistyped, ['docker.io/team/app:1'])).toThrow(
      expect.objectContaining({ code: 'E1091' }),
    );
  });
});
