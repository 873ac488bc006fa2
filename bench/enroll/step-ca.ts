import { spawn } from 'node:child_process';
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  X509Certificate,
} from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { run } from '../../host/process.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { compileInto } from '../../test/support/kube-programs.ts';
import { printableNames } from '../../test/support/openssl.ts';
import {
  ask,
  type Contender,
  expectOwn,
  type Identity,
  type Newcomer,
  newKey,
  usageOf,
} from './contender.ts';

const PROVISIONER = 'bench';
const TOKEN_SECONDS = 900;
const STARTED_WITHIN_MS = 60_000;
const MODULE = 'github.com/smallstep/certificates';
/** As `step-ca/go.mod` has it. */
const VERSION = 'v0.30.2';

interface StepCa {
  port: number;
  /** SHA-256 of the root's certificate: a client pins this. */
  root: string;
  /** What one-time tokens are signed with. */
  provisioner: KeyObject;
}

/** @param asks whether a node asks for the root by its fingerprint first, as `step ca certificate` does, or just for its certificate. */
export async function startStepCa(asks: 'root, then sign' | 'sign alone'): Promise<Contender> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-step-ca-'));
  await compileStepCa(directory);
  const ca = await configure(directory);
  const child = spawn(join(directory, 'step-ca'), [join(directory, 'ca.json')], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, STEPPATH: directory },
  });
  const contender: Contender = {
    name: `step-ca, ${asks}`,
    newcomer: async (index) => newcomer(ca, index, asks === 'root, then sign'),
    usage: () => usageOf(child),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
  await healthy(ca.port).catch(async (error: unknown) => {
    await contender.stop();
    throw error;
  });
  return contender;
}

async function compileStepCa(directory: string): Promise<void> {
  await compileInto(
    {
      name: 'step-ca',
      dir: '../../bench/enroll/step-ca',
      outputs: [{ bin: 'step-ca', package: `${MODULE}/cmd/step-ca` }],
      tags: [],
      variables: {},
      modules: [{ module: MODULE, version: VERSION, licence: 'Apache-2.0' }],
    },
    directory,
  );
}

/** What `step ca init` writes: a root, an intermediate authority, a database that keeps used tokens, lines of log. */
async function configure(directory: string): Promise<StepCa> {
  const at = (name: string) => join(directory, name);
  await writeFile(at('openssl.cnf'), printableNames);
  await makeAuthority(at('root'), 'root', 1, []);
  await makeAuthority(at('nodes'), 'nodes', 0, ['-CA', at('root.crt'), '-CAkey', at('root.key')]);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: PROVISIONER, use: 'sig', alg: 'ES256' };
  const port = await freePort();
  const config = {
    root: at('root.crt'),
    crt: at('nodes.crt'),
    key: at('nodes.key'),
    address: `127.0.0.1:${port}`,
    dnsNames: ['127.0.0.1'],
    logger: { format: 'text' },
    db: { type: 'badgerv2', dataSource: at('db') },
    authority: { provisioners: [{ type: 'JWK', name: PROVISIONER, key }] },
  };
  await writeFile(at('ca.json'), JSON.stringify(config));
  const { raw } = new X509Certificate(await readFile(at('root.crt')));
  return { port, root: createHash('sha256').update(raw).digest('hex'), provisioner: privateKey };
}

async function makeAuthority(path: string, name: string, below: number, signer: string[]): Promise<void> {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  const uses = [
    `basicConstraints=critical,CA:TRUE,pathlen:${below}`,
    'keyUsage=critical,keyCertSign,cRLSign',
  ];
  const extensions = uses.flatMap((each) => ['-addext', each]);
  const config = ['-config', join(path, '..', 'openssl.cnf'), '-subj', `/CN=${name}`, ...extensions];
  const files = ['-keyout', `${path}.key`, '-out', `${path}.crt`];
  await run(['openssl', 'req', '-x509', ...curve, ...files, ...config, ...signer]);
}

async function healthy(port: number): Promise<void> {
  const until = performance.now() + STARTED_WITHIN_MS;
  for (;;) {
    const answer = await ask({ port, index: 0, method: 'GET', path: '/health' }).catch(
      (error: Error) => error,
    );
    if (!(answer instanceof Error)) return;
    if (performance.now() > until) throw answer;
    await sleep(50);
  }
}

const SignedSchema = z.object({ crt: z.string(), certChain: z.array(z.string()) });

function newcomer(ca: StepCa, index: number, asksForRoot: boolean): Newcomer {
  const { port } = ca;
  const { key, csr } = newKey();
  const body = { csr: pem('CERTIFICATE REQUEST', csr), ott: token(ca, `n${index}`) };
  let identity: Identity | undefined;
  const taken = (answer: unknown) => {
    const { crt, certChain } = SignedSchema.parse(answer);
    expectOwn(crt, key);
    identity = { key, cert: certChain.join('') };
  };
  return {
    enrol: async () => {
      if (asksForRoot) await ask({ port, index, method: 'GET', path: `/root/${ca.root}` });
      taken(await ask({ port, index, method: 'POST', path: '/1.0/sign', body }));
    },
    renew: async () => {
      const shown = identity === undefined ? {} : { identity };
      taken(await ask({ port, index, method: 'POST', path: '/1.0/renew', ...shown }));
    },
  };
}

/** A one-time token, as `step ca token` makes them: a JWT (RFC 7519) of the provisioner for one name. */
function token({ root, provisioner }: StepCa, name: string): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'https://127.0.0.1/1.0/sign', iss: PROVISIONER, sub: name, sans: [name], sha: root };
  const times = { iat: now, nbf: now, exp: now + TOKEN_SECONDS, jti: randomUUID() };
  const signed = `${part({ alg: 'ES256', kid: PROVISIONER, typ: 'JWT' })}.${part({ ...claims, ...times })}`;
  const signature = sign('sha256', Buffer.from(signed), { key: provisioner, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
