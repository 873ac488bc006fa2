import { expect, test } from 'vitest';
import { dnsQuestion, nfsNull, smbNegotiate } from '../../../../../agent/discover/probe/greetings.ts';
import { probes } from '../../../../../agent/discover/probe/probes.ts';

/** What the probe of a port makes of an answer. */
function recognised(name: string, port: number, answer: Buffer | string): (string | null)[] {
  return probes
    .filter((probe) => probe.name === name && probe.port === port)
    .map(({ recognise }) => recognise(Buffer.from(answer)));
}
const http = (status: string, headers: string, body = '') =>
  `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`;
const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

test.each<[string, number, Buffer | string, (string | null)[]]>([
  ['ssh', 22, 'SSH-2.0-dropbear_2022.83\r\n', ['dropbear_2022.83']],
  ['ssh', 22, '220 mail.example.org ESMTP', [null]],
  [
    'registry',
    5000,
    http('401 Unauthorized', 'Docker-Distribution-Api-Version: registry/2.0'),
    ['registry/2.0'],
  ],
  ['registry', 5000, http('404 Not Found', 'Server: nginx'), [null]],
  [
    'kubernetes',
    6443,
    http('200 OK', 'A: b', '{"major":"1","gitVersion": "v1.36.3+k3s1"}'),
    ['v1.36.3+k3s1', null],
  ],
  ['kubernetes', 6443, http('403 Forbidden', 'A: b', '{"kind":"Status","status":"Failure"}'), ['', null]],
  ['kubernetes', 6443, http('401 Unauthorized', 'A: b', 'login'), [null, null]],
  ['kubernetes', 6443, http('200 OK', 'A: b', 'pong'), [null, 'k3s']],
  [
    'cpiab',
    7443,
    http(
      '200 OK',
      'A: b',
      '{"kind":"BoxStatus","box":{"id":"x","fingerprint":"4f1c","site":"lab"},"phase":"ready"}',
    ),
    ['site lab, ready, fingerprint 4f1c'],
  ],
  // A reply that says: program there, versions 4 to 4 (RFC 5531 section 9).
  [
    'nfs',
    2049,
    hex('80000020 43504941 00000001 00000000 00000000 00000000 00000002 00000004 00000004'),
    ['versions 4 to 4'],
  ],
  // Somebody else's number.
  ['nfs', 2049, hex('80000018 00000001 00000001 00000000 00000000 00000000 00000000'), [null]],
  ['dns', 53, hex('0011 4350 8180 0001 0000 0000 0000 00 0002 0001'), ['']],
  ['dns', 53, hex('0011 4350 0100 0001 0000 0000 0000 00 0002 0001'), [null]],
  ['smb', 445, Buffer.concat([hex('00000044 ff534d42'), Buffer.alloc(80)]), [null]],
  [
    'smb',
    445,
    Buffer.concat([hex('00000044 fe534d42'), Buffer.alloc(64), hex('0203 00')]).subarray(0, 60),
    [null],
  ],
])('%s at %i: %o', (name, port, answer, expected) => {
  expect(recognised(name, port, answer)).toEqual(expected);
});

test('SMB tells the dialect that it chose', () => {
  const answer = Buffer.alloc(130);
  answer.write('\xfeSMB', 4, 'latin1');
  answer.writeUInt16LE(0x0302, 72);
  expect(recognised('smb', 445, answer)).toEqual(['3.0.2']);
});

test('the messages have the lengths that they say', () => {
  expect(dnsQuestion.readUInt16BE(0)).toBe(dnsQuestion.length - 2);
  expect(nfsNull.readUInt32BE(0) - 0x8000_0000).toBe(nfsNull.length - 4);
  expect(smbNegotiate.readUInt32BE(0)).toBe(smbNegotiate.length - 4);
});
