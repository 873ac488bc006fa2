import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  formatNoteKey,
  noteSigner,
  openNote,
  parseCheckpoint,
  parseNoteKey,
} from '../../../host/signed-note.ts';

/** The example of Go's golang.org/x/mod/sumdb/note, which has the same form. */
const key = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const signature =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

describe('a signed note', () => {
  test("of another implementation's verifies", () => {
    expect(openNote(`${text}\n${signature}`, parseNoteKey(key))).toBe(text);
  });

  test('with one letter changed does not', () => {
    expect(openNote(`${text.replace('answer', 'Answer')}\n${signature}`, parseNoteKey(key))).toBeNull();
  });

  test('verifies among signatures of others', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const [, own = ''] = noteSigner('other', privateKey)(text).split('\n\n');
    const both = `${text}\n${own}${signature}`;
    expect(openNote(both, parseNoteKey(key))).toBe(text);
    expect(openNote(both, parseNoteKey(formatNoteKey('other', publicKey)))).toBe(text);
    expect(openNote(both, parseNoteKey(formatNoteKey('third', publicKey)))).toBeNull();
  });
});

test.each(['', 'x', key.replace('c74f20a3', 'c74f20a4'), 'a b+00000000+AA=='])(
  '%j is no key of notes',
  (wrong) => {
    expect(() => parseNoteKey(wrong)).toThrow();
  },
);

test.each(['a\n-1\nAA==\n', 'a\n1\nAA==\n', '\n1\nAA==\n', 'a\n01\nAA==\n'])(
  '%j is no checkpoint',
  (wrong) => {
    expect(() => parseCheckpoint(wrong)).toThrow();
  },
);
