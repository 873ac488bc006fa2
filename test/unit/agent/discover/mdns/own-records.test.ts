import { expect, test } from 'vitest';
import { decode } from '../../../../../agent/discover/mdns/decode.ts';
import { OwnRecords } from '../../../../../agent/discover/mdns/own-records.ts';
import { encodeProbe } from '../../../../../agent/discover/mdns/query.ts';
import type { MdnsRecord } from '../../../../../agent/discover/mdns/record.ts';
import { encodeResponse } from '../../../../../agent/discover/mdns/response.ts';

const announced = {
  ...{ instance: 'CPiaB lab 0b9c6a52', host: 'cpiab-0b9c6a52', service: 'cpiab', port: 7443 },
  texts: ['txtvers=1', 'site=lab'],
};
const records = new OwnRecords(announced, { own: ['10.0.0.7', 'fe80::5054:ff:fe12:3456'] });
const type = ['_cpiab', '_tcp', 'local'];
const instance = ['CPiaB lab 0b9c6a52', ...type];
const host = ['cpiab-0b9c6a52', 'local'];
const types = (found: readonly MdnsRecord[]) => found.map((record) => record.type);

test('what is sent is read again as it was meant', () => {
  expect(decode(encodeResponse(records.all))).toEqual({
    isResponse: true,
    questions: [],
    records: records.all,
  });
  const probe = decode(encodeProbe([records.instance], records.unique));
  expect(probe).toMatchObject({ isResponse: false, questions: [{ name: instance, type: 255 }] });
  expect(probe?.records).toEqual(records.unique);
});

test('who asks for the type is told of the instance, and all that leads to it', () => {
  expect(types(records.answers([{ name: type, type: 12 }], []))).toEqual(['PTR', 'SRV', 'TXT', 'A', 'AAAA']);
});

test('names are the same whatever their case; only what is asked for is answered', () => {
  expect(types(records.answers([{ name: ['CPIAB-0B9C6A52', 'LOCAL'], type: 1 }], []))).toEqual(['A']);
  expect(types(records.answers([{ name: host, type: 255 }], []))).toEqual(['A', 'AAAA']);
  expect(types(records.answers([{ name: ['_services', '_dns-sd', '_udp', 'local'], type: 12 }], []))).toEqual(
    ['PTR'],
  );
  expect(records.answers([{ name: ['_nfs', '_tcp', 'local'], type: 12 }], [])).toEqual([]);
});

test('nobody is told what he knows, unless that is old', () => {
  const known: MdnsRecord = { name: type, ttl: 4500, type: 'PTR', target: instance };
  const question = [{ name: type, type: 12 }];
  expect(records.answers(question, [known])).toEqual([]);
  expect(records.answers(question, [{ ...known, ttl: 2000 }])).not.toEqual([]);
});

test.each<[string, MdnsRecord, boolean]>([
  ['the same address', { name: host, ttl: 120, type: 'A', address: '10.0.0.7' }, false],
  ['another address', { name: host, ttl: 120, type: 'A', address: '10.0.0.8' }, true],
  ['another address that is taken back', { name: host, ttl: 0, type: 'A', address: '10.0.0.8' }, false],
  ['another port', { name: instance, ttl: 120, type: 'SRV', port: 1, target: host }, true],
  ['another instance of the type', { name: type, ttl: 120, type: 'PTR', target: ['x', ...type] }, false],
  [
    'the address of another host',
    { name: ['nas', 'local'], ttl: 120, type: 'A', address: '10.0.0.8' },
    false,
  ],
])('%s contradicts, or does not', (_what, record, contradicts) => {
  expect(records.isContradicted(record)).toBe(contradicts);
});
