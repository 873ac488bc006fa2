import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { elements, encode, only, tags } from '../../../agent/pki/der.ts';
import { makeRequest } from '../../../agent/pki/request.ts';
import { run } from '../../../host/process.ts';
import { type EnrollBox, freshPath, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';

/** A request made by openssl, with what its configuration says. */
async function opensslRequest(machine: Machine, settings: string[], more: string[] = []): Promise<Buffer> {
  const directory = await freshPath();
  const config = `${directory}/config`;
  await writeFile(config, ['[req]', 'distinguished_name=dn', 'prompt=no', ...settings].join('\n'));
  await writeFile(`${directory}/key`, machine.key);
  const out = `${directory}/csr`;
  await run([
    'openssl',
    'req',
    '-new',
    '-key',
    `${directory}/key`,
    '-config',
    config,
    '-outform',
    'DER',
    '-out',
    out,
    ...more,
  ]);
  return await readFile(out);
}

async function refusedRequest(box: EnrollBox, machine: Machine, csr: Buffer): Promise<string> {
  const answer = await machine.post('/v1/enroll', {
    ...requestOf(machine, null),
    csr: csr.toString('base64'),
  });
  expect(answer.status).toBe(400);
  expect(await box.nodes()).toEqual([]);
  const { code, message } = JSON.parse(answer.text);
  expect(code).toBe('CPIAB-E2502');
  return message;
}

describe('3. a request for an authority', () => {
  test.each([
    ['CA:TRUE', 'basicConstraints=critical,CA:TRUE'],
    ['certSign', 'keyUsage=keyCertSign'],
  ])('with %s is refused', async (_, extension) => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const csr = await opensslRequest(
      machine,
      ['req_extensions=v3', '[dn]', '[v3]', extension],
      ['-subj', '/'],
    );
    expect(await refusedRequest(box, machine, csr)).toContain('extensions');
  });
});

describe('4. a request for a name', () => {
  test.each([
    [
      'a second URI',
      ['req_extensions=v3', '[dn]', '[v3]', 'subjectAltName=URI:spiffe://a/x,URI:spiffe://a/y'],
      '/',
      'extensions',
    ],
    ['kubernetes', ['[dn]'], '/CN=kubernetes', 'subject'],
    ['system:masters', ['[dn]'], '/O=system:masters/CN=system:node:n1', 'subject'],
  ])('%s is refused', async (_, settings, subject, why) => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const csr = await opensslRequest(machine, settings, ['-subj', subject]);
    expect(await refusedRequest(box, machine, csr)).toContain(why);
  });

  test('whatever was asked, a certificate has one URI and no subject', async () => {
    const { member } = await (await startBox()).member('system-masters');
    const leaf = new X509Certificate(member.grant.certificate);
    expect(leaf.subject).toBeUndefined();
    expect(leaf.subjectAltName).toBe(`URI:spiffe://b1000000.lab.cpiab.internal/node/${member.grant.id}`);
  });
});

describe('5. a bad proof', () => {
  test('a broken signature is refused', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const csr = makeRequest(machine.keyObject);
    csr.writeUInt8(csr.readUInt8(csr.length - 1) ^ 1, csr.length - 1);
    expect(await refusedRequest(box, machine, csr)).toContain('not by its key');
  });

  test("another node's key is refused", async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const other = await Machine.make(box);
    const body = { ...requestOf(machine, null), csr: makeRequest(other.keyObject).toString('base64') };
    const answer = await machine.post('/v1/enroll', body);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'CPIAB-E2503']);
  });

  test('RSA of 1024 bits is refused', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pem = rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const csr = await opensslRequest(Machine.withKey(box, machine, pem), ['[dn]'], ['-subj', '/']);
    expect(await refusedRequest(box, machine, csr)).toContain('P-256');
  });

  test('SHA-1 is refused', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    expect(await refusedRequest(box, machine, sha1Request(machine))).toContain('SHA-256');
  });

  test('explicit parameters of a curve are refused', async () => {
    const box = await startBox();
    const machine = await Machine.make(box);
    const how = ['-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'];
    const pem = (await run(['openssl', 'genpkey', '-algorithm', 'EC', ...how])).stdout;
    const csr = await opensslRequest(Machine.withKey(box, machine, pem), ['[dn]'], ['-subj', '/']);
    expect(await refusedRequest(box, machine, csr)).toContain('P-256');
  });
});

/** ecdsa-with-SHA1, signed as it says (RFC 3279 section 2.2.3). */
function sha1Request({ keyObject }: Machine): Buffer {
  const [info] = elements(only(makeRequest(keyObject), tags.sequence).content);
  if (info === undefined) throw new Error('no request');
  const algorithm = Buffer.from('300906072a8648ce3d0401', 'hex');
  const signature = encode(tags.bitString, Buffer.of(0), sign('sha1', info.whole, keyObject));
  return encode(tags.sequence, info.whole, algorithm, signature);
}
