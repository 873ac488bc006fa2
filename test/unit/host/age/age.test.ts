import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AgeError, decryptAge, encryptAge, openAge, sealAge } from '../../../../host/age/age.ts';
import { makeIdentity, parseIdentities, parseRecipient, passphrase } from '../../../../host/age/keys.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const CHUNK = 65_536;

/** In the same memory, as a file is read. */
async function* parts(bytes: Buffer, size = 10_007): AsyncGenerator<Buffer> {
  const memory = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size)
    yield memory.subarray(0, bytes.copy(memory, 0, at, at + size));
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const part of stream) found.push(part);
  return Buffer.concat(found);
}

const content = (size: number) => Buffer.alloc(size, 'The box remembers. ');
const recipientOf = (text: string) => {
  const found = parseRecipient(text);
  if (found === null) throw new Error(`no recipient ${text}`);
  return found;
};

describe('the age program', () => {
  function keygen() {
    execFileSync('age-keygen', ['-o', here('key')], { stdio: 'ignore' });
    const recipient = execFileSync('age-keygen', ['-y', here('key')], { encoding: 'utf8' }).trim();
    const identities = parseIdentities(readFileSync(here('key'), 'utf8'));
    return { recipient, identities: identities ?? [] };
  }

  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])(
    'reads what was encrypted here, %d bytes',
    async (size) => {
      const { recipient } = keygen();
      const others = [recipientOf(makeIdentity().recipient), recipientOf(recipient)];
      writeFileSync(here('sealed'), await all(encryptAge(parts(content(size)), others)));
      const plain = execFileSync('age', ['-d', '-i', here('key'), here('sealed')], { maxBuffer: 1 << 20 });
      expect(plain.equals(content(size))).toBe(true);
    },
  );

  test.each([0, 1, CHUNK, 3 * CHUNK + 5])('writes what is decrypted here, %d bytes', async (size) => {
    const { recipient, identities } = keygen();
    const sealed = execFileSync('age', ['-r', recipient], { input: content(size), maxBuffer: 1 << 20 });
    expect((await all(decryptAge(parts(sealed), identities))).equals(content(size))).toBe(true);
  });
});

test.each([0, 1, CHUNK, 3 * CHUNK, 3 * CHUNK + 5])(
  'in parts or as a whole it is the same, %d bytes',
  async (size) => {
    const { recipient, identity } = makeIdentity();
    const to = [recipientOf(recipient)];
    for (const part of [1000, CHUNK, CHUNK + 16, 200_000]) {
      const sealed = await all(encryptAge(parts(content(size), part), to));
      expect(openAge(sealed, [identity]).equals(content(size))).toBe(true);
      const opened = await all(decryptAge(parts(sealAge(content(size), to), part), [identity]));
      expect(opened.equals(content(size))).toBe(true);
    }
    expect(() => openAge(sealAge(content(size), to).subarray(0, -1), [identity])).toThrow(AgeError);
  },
);

describe('a file', () => {
  test('that was encrypted for a passphrase is decrypted by that one alone', async () => {
    const sealed = await all(encryptAge(parts(content(10)), [passphrase('correct horse', 10)]));
    expect((await all(decryptAge(parts(sealed), [passphrase('correct horse')]))).equals(content(10))).toBe(
      true,
    );
    await expect(all(decryptAge(parts(sealed), [passphrase('wrong')]))).rejects.toThrow(AgeError);
  });

  test('for somebody else, that is none, or with a passphrase beside a key is refused', async () => {
    const { recipient, identity } = makeIdentity();
    const sealed = await all(encryptAge(parts(content(10)), [recipientOf(recipient)]));
    for (const bytes of [sealed, Buffer.from('none'), Buffer.alloc(1 << 18)])
      await expect(all(decryptAge(parts(bytes), [makeIdentity().identity]))).rejects.toThrow(AgeError);
    const both = await all(encryptAge(parts(content(10)), [passphrase('a', 10), recipientOf(recipient)]));
    await expect(all(decryptAge(parts(both), [identity]))).rejects.toThrow(AgeError);
  });

  test('that lost or got a byte anywhere, or has one bit changed, is refused', async () => {
    const { recipient, identity } = makeIdentity();
    const size = 2 * CHUNK + 100;
    const sealed = await all(encryptAge(parts(content(size)), [recipientOf(recipient)]));
    const places = [3, 30, 90, 160, 190, 205, 250, CHUNK + 300, 2 * CHUNK + 300, sealed.length - 1];
    for (const at of places) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      const cut = sealed.subarray(0, at);
      const longer = Buffer.concat([sealed.subarray(0, at), Buffer.of(0), sealed.subarray(at)]);
      for (const wrong of [changed, cut, longer])
        await expect(all(decryptAge(parts(wrong), [identity])), `byte ${at}`).rejects.toThrow(AgeError);
    }
    // A whole number of pieces: only the mark of the last one tells that more was there.
    const whole = sealed.subarray(0, sealed.length - 100 - 16);
    await expect(all(decryptAge(parts(whole), [identity]))).rejects.toThrow('cut off');
  });
});

test.each(['age1', 'age1qqqq', `age1${'q'.repeat(58)}`, 'AGE1x'])('%s is no recipient', (text) => {
  expect(parseRecipient(text)).toBeNull();
});

test('a file of keys may have comments, and nothing else', () => {
  expect(parseIdentities('# none\n')).toBeNull();
  expect(parseIdentities('AGE-SECRET-KEY-1QQ\n')).toBeNull();
});
