import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type PublicKey,
  parsePublicKey,
  parseSignature,
  verifyBytes,
  verifyHash,
} from '../../../host/minisign.ts';

const directory = mkdtempSync(join(tmpdir(), 'cpiab-minisign-'));
const message = Buffer.from('the manifest of a bundle\n');
const hash = createHash('blake2b512').update(message).digest();
let key: PublicKey;

/** Signs with the real minisign program. */
function sign(...flags: string[]): string {
  const path = join(directory, 'message');
  writeFileSync(path, message);
  execFileSync('minisign', ['-S', ...flags, '-s', join(directory, 'key'), '-m', path, '-t', 'sequence:7'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return readFileSync(`${path}.minisig`, 'utf8');
}

/** Makes an unencrypted key pair, and returns its public half. */
function generate(name: string): PublicKey {
  const path = join(directory, name);
  execFileSync('minisign', ['-G', '-W', '-f', '-p', `${path}.pub`, '-s', path], { stdio: 'ignore' });
  return parsePublicKey(readFileSync(`${path}.pub`, 'utf8'));
}

beforeAll(() => {
  key = generate('key');
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("a signature by minisign's own program", () => {
  test('verifies, prehashed and legacy', () => {
    expect(verifyBytes(message, sign(), key)).toBe(true);
    expect(verifyBytes(message, sign('-l'), key)).toBe(true);
  });

  test('verifies by hash when prehashed; the legacy form is refused', () => {
    expect(verifyHash(hash, sign(), key)).toBe(true);
    expect(verifyHash(hash, sign('-l'), key)).toBe(false);
  });

  test('names the key as the program prints it', () => {
    expect(readFileSync(join(directory, 'key.pub'), 'utf8').split('\n')[0]).toContain(
      key.name.replace(/^0+/, ''),
    );
    expect(parseSignature(sign())).toMatchObject({
      algorithm: 'ED',
      keyId: key.id,
      trustedComment: 'sequence:7',
    });
  });
});

describe('refused', () => {
  test('another message', () => {
    expect(verifyBytes(Buffer.concat([message, Buffer.of(0)]), sign(), key)).toBe(false);
  });

  test('another key', () => {
    expect(verifyBytes(message, sign(), generate('other'))).toBe(false);
  });

  test('a key that only borrows the identifier', () => {
    const other = generate('other');
    expect(verifyBytes(message, sign(), { ...other, id: key.id })).toBe(false);
  });

  test('an edited trusted comment', () => {
    expect(verifyBytes(message, sign().replace('sequence:7', 'sequence:9'), key)).toBe(false);
  });

  test.each(['', 'x', 'untrusted comment: x\nRUT=\ntrusted comment: \n\n'])(
    'a malformed file: %j',
    (text) => {
      expect(verifyBytes(message, text, key)).toBe(false);
      expect(() => parseSignature(text)).toThrow(/minisign/);
    },
  );

  test('any changed byte of the signature line', () => {
    const lines = sign().split('\n');
    const body = Buffer.from(lines[1] ?? '', 'base64');
    for (let position = 0; position < body.length; position += 9) {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
      const text = [lines[0], changed.toString('base64'), ...lines.slice(2)].join('\n');
      expect(verifyBytes(message, text, key)).toBe(false);
    }
  });
});
