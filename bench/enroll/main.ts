import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { mintPossession } from '../../agent/pki/mint.ts';
import { makeRequest } from '../../agent/pki/request.ts';
import { GrantSchema } from '../../contract/enroll.ts';
import { parseInvitation } from '../../contract/invitation.ts';
import { formatBytes } from '../../contract/units.ts';

/** How many nodes, and how many come in a second; 0 lets them come eight at a time, as fast as the box answers. */
const NODES = Number(process.argv[2] ?? 1000);
const PER_SECOND = Number(process.argv[3] ?? 0);
const AT_ONCE = 8;
const PAUSE_MS = 20;
const machineId = '0123456789abcdef0123456789abcdef';

interface Box {
  port: number;
  operator: Identity;
}

interface Identity {
  key: string;
  cert: string;
}

/**
 * Nodes that enrol with one box process, by an invitation each, and then renew: rate, p50, p99 and the memory of the
 * box. Each has an address of its own, and opens a connection for each request, as `cpiab join` does.
 */
async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cpiab-enroll-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ours.ts'), directory, machineId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const box: Box = JSON.parse(String((await lines.next()).value));
    const nodes: Node[] = [];
    for (let index = 0; index < NODES; index++) {
      nodes.push(await makeNode(box, index));
      // A box answers one operator fifty times a second.
      await sleep(PAUSE_MS);
    }
    const enrolled = await measure(nodes, (node) => enrol(box, node));
    const renewed = await measure(nodes, (node) => renew(box, node));
    print('enrol', enrolled);
    print('renew', renewed);
    process.stdout.write(`memory of the box: ${formatBytes(await memoryOf(child))}\n`);
  } finally {
    child.kill();
    await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  }
}

interface Node {
  index: number;
  identity: Identity;
  body: string;
}

/** What happens before the time is taken: key, invitation, request. */
async function makeNode(box: Box, index: number): Promise<Node> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const made = JSON.parse(await ask(box, index, box.operator, 'POST', '/v1/invitations', '{}'));
  const invitation = parseInvitation(made.invitation);
  if (typeof invitation === 'string') throw new Error(invitation);
  const { id, secret } = invitation;
  const body = JSON.stringify({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'JoinRequest', name: `n${index}`, role: 'agent' },
    ...{ nonce: randomBytes(16).toString('hex'), invitation: { id, secret } },
    csr: makeRequest(privateKey).toString('base64'),
    inventory: {
      machineId,
      macs: [],
      addresses: [],
      cpus: 4,
      memoryBytes: 8e9,
      kernel: 'Linux',
      architecture: 'x64',
    },
  });
  return { index, identity: { key, cert: await mintPossession(key) }, body };
}

async function enrol(box: Box, node: Node): Promise<void> {
  const { id } = JSON.parse(await ask(box, node.index, node.identity, 'POST', '/v1/enroll', node.body));
  const grant = GrantSchema.parse(
    JSON.parse(await ask(box, node.index, node.identity, 'GET', `/v1/enroll/${id}`)),
  );
  node.identity = { key: node.identity.key, cert: grant.certificate };
}

async function renew(box: Box, { index, identity }: Node): Promise<void> {
  const nonce = randomBytes(16).toString('hex');
  const body = JSON.stringify({ apiVersion: 'cpiab.dev/v1', kind: 'Renewal', nonce, since: 1 });
  GrantSchema.parse(JSON.parse(await ask(box, index, identity, 'POST', '/v1/renew', body)));
}

async function measure(nodes: readonly Node[], act: (node: Node) => Promise<void>) {
  const took: number[] = [];
  const one = async (node: Node) => {
    const began = performance.now();
    await act(node);
    took.push(performance.now() - began);
  };
  const began = performance.now();
  if (PER_SECOND > 0) {
    const all = nodes.map((node, index) => sleep((index * 1000) / PER_SECOND).then(() => one(node)));
    await Promise.all(all);
  } else {
    const left = [...nodes];
    const worker = async () => {
      for (let node = left.shift(); node !== undefined; node = left.shift()) await one(node);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
  return { seconds: (performance.now() - began) / 1000, took: took.toSorted((a, b) => a - b) };
}

/** One request on a connection of its own, from an address of its own. */
function ask(
  box: Box,
  index: number,
  identity: Identity,
  method: string,
  path: string,
  body = '',
): Promise<string> {
  const localAddress = `127.1.${index >> 8}.${index & 255}`;
  const headers = { 'content-length': String(Buffer.byteLength(body)) };
  const how = {
    host: '127.0.0.1',
    port: box.port,
    localAddress,
    rejectUnauthorized: false,
    agent: false as const,
  };
  return new Promise((resolve, reject) => {
    const sent = request({ ...how, ...identity, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if ((answer.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

function print(what: string, { seconds, took }: { seconds: number; took: number[] }): void {
  const at = (part: number) =>
    (took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0).toFixed(0);
  const rate = (took.length / seconds).toFixed(0);
  process.stdout.write(
    `${what}: ${took.length} in ${seconds.toFixed(1)} s, ${rate}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
  );
}

await main();
