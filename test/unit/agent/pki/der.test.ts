import { expect, test } from 'vitest';
import { elements, encode, only, tags } from '../../../../agent/pki/der.ts';

const zeros = (count: number) => Buffer.alloc(count);

test.each<[string, Buffer]>([
  ['the indefinite form', Buffer.concat([Buffer.of(0x30, 0x80), zeros(128)])],
  ['a length in more bytes than it needs', Buffer.concat([Buffer.of(0x30, 0x81, 5), zeros(5)])],
  ['a length of three bytes', Buffer.concat([Buffer.of(0x30, 0x83, 0, 0, 5), zeros(5)])],
  ['a tag of several bytes', Buffer.of(0x3f, 0x01, 0x00)],
  ['content that is cut off', Buffer.of(0x30, 0x05, 0x00)],
  ['a tag without a length', Buffer.of(0x30)],
])('%s is not DER', (_, bytes) => {
  expect(() => elements(bytes)).toThrow(RangeError);
});

test.each([0, 127, 128, 255, 256, 4000])('%i bytes are read as they were written', (count) => {
  const whole = encode(tags.sequence, zeros(count));
  expect(only(whole, tags.sequence).content).toHaveLength(count);
  expect(elements(Buffer.concat([whole, whole]))).toHaveLength(2);
});
