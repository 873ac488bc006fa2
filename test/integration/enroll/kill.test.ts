import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Ledger } from '../../../agent/enroll/ledger.ts';
import { NodeStore } from '../../../agent/join/store.ts';
import { freshPath } from '../../support/enroll/box.ts';

const support = join(import.meta.dirname, '..', '..', 'support', 'enroll');

function start(program: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(support, program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** A box process: where it is, and an invitation of this start. */
async function startBox(directory: string, at: string, by: By) {
  const child = start('box-child.ts', directory, at, by);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const [address, invitation] = [String((await lines.next()).value), String((await lines.next()).value)];
  child.stdout?.resume();
  return { child, ended, address, invitation };
}

/** Runs a machine to its end. @returns how it ended, and the node's identifier if it joined. */
async function runNode(directory: string, invitation: string, box: string, at: string) {
  const child = start('node-child.ts', directory, invitation, box, at);
  let said = '';
  child.stdout?.on('data', (bytes) => {
    said += bytes;
  });
  child.stderr?.resume();
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { signal, id: /^joined (\S+)$/m.exec(said)?.[1] ?? null };
}

/** Who lets the machine in. */
type By = 'site' | 'person';

const boxMoments = {
  site: ['certificate', 'record enroll', 'record approve', 'record issue', 'put joined'],
  person: [
    ...['record enroll', 'put pending', 'record approve', 'put approved'],
    ...['certificate', 'record issue', 'put joined'],
  ],
};
/** What a box may know of the machine when it was killed. Who is let in by the site has its certificate at once. */
const halfway = { site: ['joined'], person: ['pending', 'approved', 'joined'] };
const nodeMoments = ['key', 'request', 'identity'];
const bothSides = (names: string[]) => names.flatMap((name) => [`before ${name}`, `after ${name}`]);

describe('killed at any moment, a machine is a node or it is not, and the second try makes it one', () => {
  test.each([
    ...bothSides(boxMoments.site).map((at) => ['box', at, 'site'] as const),
    ...bothSides(boxMoments.person).map((at) => ['box', at, 'person'] as const),
    ...bothSides(nodeMoments).map((at) => ['node', at, 'site'] as const),
  ])('the %s, %s, let in by the %s', { timeout: 60_000 }, async (who, at, by) => {
    const [boxDirectory, directory] = [await freshPath(), await freshPath()];
    const first = await startBox(boxDirectory, who === 'box' ? at : '', by);
    const trying = runNode(directory, first.invitation, first.address, who === 'node' ? at : '');
    if (who === 'box') expect((await first.ended)[1]).toBe('SIGKILL');
    else expect((await trying).signal).toBe('SIGKILL');
    await trying;
    first.child.kill('SIGKILL');
    await first.ended;
    const between = [...(await Ledger.open(join(boxDirectory, 'state', 'enroll'), Date.now)).nodes.values()];
    expect(between.length).toBeLessThanOrEqual(1);
    for (const { state, certificates } of between) {
      expect(halfway[by]).toContain(state);
      expect(certificates).toHaveLength(Number(state === 'joined'));
    }
    const second = await startBox(boxDirectory, '', by);
    const { id } = await runNode(directory, first.invitation, second.address, '');
    expect(id).not.toBeNull();
    expect((await new NodeStore(directory).requireMember()).grant.id).toBe(id);
    second.child.kill('SIGKILL');
    await second.ended;
    const after = await Ledger.open(join(boxDirectory, 'state', 'enroll'), Date.now);
    expect([...after.nodes.values()].map((node) => [node.id, node.state, node.certificates.length])).toEqual([
      [id, 'joined', 1],
    ]);
    const used = [...after.invitations.values()].filter(({ usedBy }) => usedBy !== null);
    expect(used.map(({ usedBy }) => usedBy)).toEqual([(await new NodeStore(directory).key()).fingerprint]);
  });
});
