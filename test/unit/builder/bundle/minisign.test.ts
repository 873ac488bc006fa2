import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  generateSiteKey,
  keyName,
  type SiteKey,
  signBytes,
} from '../../../../builder/bundle/minisign.ts';
import { parsePublicKey, parseSignature, verifyBytes } from '../../../../host/minisign.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const message = Buffer.from('{"kind":"BundleManifest"}\n');
let key: SiteKey;

beforeEach(() => {
  key = generateSiteKey();
  writeFileSync(here('message'), message);
  writeFileSync(here('pub'), encodePublicKey(key));
});

/** What minisign's own program prints on success; throws when it refuses. */
function minisign(...args: string[]): string {
  return execFileSync('minisign', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function verifyWithProgram(signature: string): string {
  writeFileSync(here('message.minisig'), signature);
  return minisign('-V', '-m', here('message'), '-p', here('pub'));
}

describe('a signature made here', () => {
  test("verifies with minisign's own program, which shows the trusted comment", () => {
    expect(verifyWithProgram(signBytes(message, key, 'site=lab sequence=7'))).toContain(
      'site=lab sequence=7',
    );
  });

  test('verifies here, by the public key file', () => {
    const publicKey = parsePublicKey(readFileSync(here('pub'), 'utf8'));
    expect(verifyBytes(message, signBytes(message, key, 'x'), publicKey)).toBe(true);
    expect(publicKey.name).toBe(keyName(key));
  });

  test('is the same for the same message, key and comment', () => {
    expect(signBytes(message, key, 'x')).toBe(signBytes(message, key, 'x'));
  });

  test.each(['message', 'comment', 'signature', 'global signature'])(
    'is refused by both when its %s was changed',
    (part) => {
      const lines = signBytes(message, key, 'sequence=7').split('\n');
      const flipped = (base64: string) => {
        const bytes = Buffer.from(base64, 'base64');
        bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
        return bytes.toString('base64');
      };
      if (part === 'signature') lines[1] = flipped(lines[1] ?? '');
      if (part === 'comment') lines[2] = 'trusted comment: sequence=8';
      if (part === 'global signature') lines[3] = flipped(lines[3] ?? '');
      if (part === 'message') writeFileSync(here('message'), `${message} `);
      const publicKey = parsePublicKey(encodePublicKey(key));
      expect(verifyBytes(readFileSync(here('message')), lines.join('\n'), publicKey)).toBe(false);
      expect(() => verifyWithProgram(lines.join('\n'))).toThrow();
    },
  );
});

describe('the secret key file', () => {
  test('is read by minisign, whose signature is then ours', () => {
    writeFileSync(here('key'), encodeSecretKey(key));
    minisign('-S', '-s', here('key'), '-m', here('message'), '-t', 'by the program');
    const signature = readFileSync(here('message.minisig'), 'utf8');
    expect(parseSignature(signature).keyId).toEqual(key.id);
    expect(verifyBytes(message, signature, parsePublicKey(encodePublicKey(key)))).toBe(true);
  });

  test('is read back as the same key', () => {
    const again = decodeSecretKey(encodeSecretKey(key));
    expect(signBytes(message, again, 'x')).toBe(signBytes(message, key, 'x'));
    expect(encodePublicKey(again)).toBe(encodePublicKey(key));
  });

  test("is read when minisign's own program made it", () => {
    minisign('-G', '-W', '-f', '-p', here('pub'), '-s', here('key'));
    const made = decodeSecretKey(readFileSync(here('key'), 'utf8'));
    expect(encodePublicKey(made).split('\n')[1]).toBe(readFileSync(here('pub'), 'utf8').split('\n')[1]);
    expect(verifyWithProgram(signBytes(message, made, 'x'))).toContain('x');
  });

  test('is refused when a byte of it changed, and when it is something else', () => {
    const [comment, body = ''] = encodeSecretKey(key).split('\n');
    for (const position of [0, 2, 60, 70, 110, 140]) {
      const bytes = Buffer.from(body, 'base64');
      bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
      expect(() => decodeSecretKey(`${comment}\n${bytes.toString('base64')}\n`)).toThrow();
    }
    expect(() => decodeSecretKey(encodePublicKey(key))).toThrow('not a minisign secret key');
  });
});

test('the key has the name that minisign prints, leading zeros and all', () => {
  const named = { ...key, id: Buffer.from('efcdab8967452301', 'hex') };
  expect(keyName(named)).toBe('0123456789ABCDEF');
});
