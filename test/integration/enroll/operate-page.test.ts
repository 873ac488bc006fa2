import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { renew } from '../../../agent/join/renew.ts';
import { NodeStore } from '../../../agent/join/store.ts';
import { keepBoxRecord } from '../../../host/box-record.ts';
import { run } from '../../../host/process.ts';
import { type EnrollBox, freshPath, startBox } from '../../support/enroll/box.ts';

const repository = join(dirname(import.meta.dirname), '..', '..');
const page = await readFile(join(repository, 'docs/operate/nodes.md'), 'utf8');
const never = new AbortController().signal;

/** What the page leaves to its reader. */
interface Placeholders {
  '10.0.0.7:7443': string;
  FINGERPRINT: string;
  KEY: string;
}

/** The commands of one section, block by block. */
function blocksOf(heading: string): string[] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/```sh\n(?<block>.*?)```/gs)].map(({ groups }) => groups?.['block'] ?? '');
}

function filled(block: string, { api, address }: EnrollBox, key: string): string {
  const placeholders: Placeholders = {
    '10.0.0.7:7443': address,
    FINGERPRINT: api.identity.fingerprint,
    KEY: key,
  };
  return Object.entries(placeholders).reduce((all, [name, value]) => all.replaceAll(name, value), block);
}

/** A machine where `cpiab boot` has started a box, with the operator's credential; and another one that joins. */
async function reader(box: EnrollBox) {
  const [directory, state] = [await freshPath(), await freshPath()];
  const config = join(directory, 'config');
  const keys = join(config, 'cpiab', 'keys', 'lab');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'operator.crt'), box.api.operator.certificate);
  await writeFile(join(keys, 'operator.key'), box.api.operator.key);
  const { url, identity } = box.api;
  const started = { site: 'lab', pid: null, disk: null, console: '', started: 1 };
  const cache = join(directory, 'cache');
  await keepBoxRecord(cache, { url, fingerprint: identity.fingerprint, ...started });
  // The launcher would install Node.js into this cache.
  const command = `#!/bin/sh\nexec '${process.execPath}' '${join(repository, 'cli/main.ts')}' "$@"\n`;
  await writeFile(join(directory, 'cpiab'), command);
  await chmod(join(directory, 'cpiab'), 0o755);
  const env = { ...process.env, XDG_CONFIG_HOME: config, CPIAB_CACHE: cache, CI: 'true' };
  const shell = ['bash', '-euo', 'pipefail', '-c'];
  return {
    operate: async (block: string, key = '') =>
      (await run([...shell, filled(block, box, key)], { env, cwd: directory })).stdout,
    /** Starts it, with a `/var/lib` of its own. Needs root, as mount(2) does. */
    onMachine: (block: string) => {
      const own = ['--mount', 'sh', '-c', 'mount --bind "$0" /var/lib && exec "$@"', state];
      const args = [...own, ...shell, filled(block, box, '')];
      const child = spawn('unshare', args, { env, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
      onTestFinished(() => void child.kill());
      return child;
    },
    store: new NodeStore(join(state, 'cpiab-node')),
  };
}

/** What a machine that waits shows as its key. */
async function shownKey(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, key] = /^key (\S+)$/.exec(line) ?? [];
    if (key !== undefined) return key;
  }
  throw new Error('the machine shows no key');
}

test('"Join a node" makes a member of the machine whose key was compared', async () => {
  const box = await startBox();
  const { operate, onMachine, store } = await reader(box);
  const [invite = '', ask = '', decide = '', ...more] = blocksOf('Join a node');
  expect(more).toEqual([]);
  await operate(invite);
  const machine = onMachine(ask);
  const said = text(machine.stdout);
  expect(await operate(decide, await shownKey(machine.stderr))).toMatch(
    /worker-1 +agent +pending[\s\S]*worker-1 may join/,
  );
  expect(await said).toContain('enrolled with');
  const { grant } = await store.requireMember();
  expect(await box.nodes()).toMatchObject([
    { id: grant.id, name: 'worker-1', state: 'joined', reason: 'rack 4, slot 2' },
  ]);
  const { entries } = await box.api.audit.read(0);
  expect(entries.map(({ action }) => action)).toEqual(['sign-in', 'invite', 'enroll', 'approve', 'issue']);
}, 120_000);

test('"Revoke a node" shuts it out', async () => {
  const box = await startBox();
  const { store, member } = await box.member('worker-1');
  const { operate } = await reader(box);
  const [revoke = '', ...more] = blocksOf('Revoke a node');
  expect(more).toEqual([]);
  expect(await operate(revoke)).toContain('still good by its signature');
  expect(await box.nodes()).toMatchObject([{ id: member.grant.id, state: 'revoked', reason: 'stolen' }]);
  await expect(renew(store, Date.now, never)).rejects.toMatchObject({ code: 'E5004' });
});

test('"Rotate CAs" gives a node that renews a certificate of another authority', async () => {
  const box = await startBox();
  const { store, member } = await box.member('worker-1');
  const { operate } = await reader(box);
  const [rotate = '', ...more] = blocksOf('Rotate CAs');
  expect(more).toEqual([]);
  expect(await operate(rotate)).toContain('issuing authority now');
  const { grant } = await renew(store, Date.now, never);
  expect([grant.root, grant.chain === member.grant.chain]).toEqual([member.grant.root, false]);
});
