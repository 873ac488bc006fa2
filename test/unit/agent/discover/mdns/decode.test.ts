import { expect, test } from 'vitest';
import { decode } from '../../../../../agent/discover/mdns/decode.ts';
import { encodeQueries } from '../../../../../agent/discover/mdns/query.ts';
import { a, labels, ptr, record, response, srv, txt } from '../../../../support/discover/records.ts';

const type = ['_nfs', '_tcp', 'local'];
const instance = ['Files, no. 2', ...type];

test('the five types that tell of hosts are read, and labels keep their dots', () => {
  const six = Buffer.from('fe800000000000000000000000000001', 'hex');
  const bytes = response(
    ptr(type, instance),
    srv(instance, 2049, ['nas', 'local']),
    txt(instance, ['path=/export', '']),
    a(['nas', 'local'], '10.0.0.7'),
    record(['nas', 'local'], 28, six),
    record(['nas', 'local'], 47, Buffer.from('NSEC is of no use here')),
  );
  expect(decode(bytes)?.records).toEqual([
    { name: type, ttl: 120, type: 'PTR', target: instance },
    { name: instance, ttl: 120, type: 'SRV', port: 2049, target: ['nas', 'local'] },
    { name: instance, ttl: 120, type: 'TXT', texts: ['path=/export', ''] },
    { name: ['nas', 'local'], ttl: 120, type: 'A', address: '10.0.0.7' },
    { name: ['nas', 'local'], ttl: 120, type: 'AAAA', address: 'fe80::1' },
  ]);
});

test('a name may end in a pointer to an earlier one', () => {
  // The owner name stands at 12; the target is `Files, no. 2` and a pointer to it.
  const data = Buffer.concat([labels(['Files, no. 2']).subarray(0, -1), Buffer.from([0xc0, 12])]);
  expect(decode(response(record(type, 12, data)))?.records).toEqual([
    { name: type, ttl: 120, type: 'PTR', target: instance },
  ]);
});

const long = 'x'.repeat(63);
test.each<[string, Buffer]>([
  ['a pointer to itself', response(record([], 12, Buffer.from([0xc0, 23])))],
  ['a pointer ahead', response(record([], 12, Buffer.from([0xc0, 200])))],
  ['two pointers at each other', response(record([], 12, Buffer.from([0xc0, 25, 0xc0, 23])))],
  ['a name of more than 255 bytes', response(ptr([long, long, long, long], type))],
  ['a label with a length that is none', response(record([], 12, Buffer.from([0x80, 0])))],
  ['an address of three bytes', response(record(['nas', 'local'], 1, Buffer.from([10, 0, 0])))],
  ['a text that is longer than its record', response(record(instance, 16, Buffer.from([9, 65])))],
  [
    'a record that is longer than the message',
    response(record(instance, 16, Buffer.alloc(4))).subarray(0, -1),
  ],
  ['more records than it has', Buffer.concat([response().fill(0xff, 6, 8)])],
  ['more bytes than mDNS allows', Buffer.concat([response(), Buffer.alloc(9000)])],
  ['an operation that is no query', response().fill(0x7f, 2, 3)],
  ['eleven bytes', response().subarray(0, 11)],
])('%s makes a message none', (_what, bytes) => {
  expect(decode(bytes)).toBeNull();
});

test('of a question is read what is asked', () => {
  const [question] = encodeQueries([{ name: type, type: 'PTR' }]);
  expect(decode(question ?? Buffer.alloc(0))).toEqual({
    isResponse: false,
    questions: [{ name: type, type: 12 }],
    records: [],
  });
});

test('many questions are several messages, each small enough for a frame, and none is asked twice', () => {
  const questions = Array.from({ length: 200 }, (_, index) => ({
    name: [`_service-${index}`, '_tcp', 'local'],
    type: 'PTR' as const,
  }));
  const messages = encodeQueries([...questions, ...questions]);
  expect(messages.length).toBeGreaterThan(1);
  expect(messages.every(({ length }) => length <= 1440)).toBe(true);
  expect(messages.reduce((sum, bytes) => sum + bytes.readUInt16BE(4), 0)).toBe(200);
});

test('a name that became longer by being read is not asked', () => {
  expect(encodeQueries([{ name: ['\uFFFD'.repeat(30), '_x', '_tcp', 'local'], type: 'ANY' }])).toEqual([]);
});
