import { expect, test } from 'vitest';
import { type EnrollBox, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';
import { World } from '../../support/expand/world.ts';
import { operatorOf } from '../../support/operator-cli.ts';

const { signal } = new AbortController();
const moves = [{ namespace: 'web', selector: { app: 'web' } }];
const pools = [{ name: 'workers', match: { names: ['worker-*'] }, expand: { surge: 1, moves } }];

async function asks(box: EnrollBox, name: string): Promise<void> {
  const machine = await Machine.make(box);
  const { parsed } = await box.invite({ name });
  await machine.post('/v1/enroll', requestOf(machine, parsed, { name }));
}

test('a plan is shown, approved by its digest, followed, stopped and halted from the command line', async () => {
  const box = await startBox({ site: { nodes: { pools } } });
  const { board } = box.api;
  board.put('kube', new World(2).kube);
  const { ask } = await operatorOf(box);
  expect((await ask('expand', 'status')).stdout).toContain('no expansion was ever approved');
  expect((await ask('expand', 'plan')).stdout).toContain('nothing to approve');
  for (const name of ['worker-1', 'worker-2']) await asks(box, name);
  const { stdout } = await ask('expand', 'plan', 'workers');
  const [{ key = '' } = {}] = await box.nodes();
  expect(stdout).toContain('pool workers: no node yet; 1 at once, 600 s for each step');
  expect(stdout).toMatch(new RegExp(`^ +1 +worker-1 +${key} +4 +8`, 'm'));
  expect(stdout).toContain(
    'then pods of web app=web, 1 at once: 2 move, 0 there already\n    web-1 from box',
  );
  expect(stdout).toMatch(/^ {2}the first of these requests ends at 20\d\d-/m);
  const [, digest = ''] = /cpiab expand approve ([0-9a-f]{64})$/m.exec(stdout) ?? [];
  const wrong = await ask('expand', 'approve', digest.slice(0, 12));
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('CPIAB-E1509')]);
  const other = await ask('expand', 'approve', 'a'.repeat(64));
  expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('CPIAB-E5521')]);
  expect((await ask('expand', 'approve', digest)).stdout).toContain(`running; expansion ${digest}`);
  await board.get('expander').turn(board.get('kube'), signal);
  await board.get('expander').turn(board.get('kube'), signal);
  const running = (await ask('expand', 'status')).stdout;
  expect(running).toContain('0 of 2 machines are Ready nodes, 0 pods moved');
  expect(running).toContain('waits: worker-1 is approved, and not a Ready node yet');
  expect((await ask('status')).stdout).toMatch(/^expand +running: 0 of 2 machines are nodes, 0 pods moved;/m);
  expect((await ask('expand', 'go-on')).stderr).toContain('CPIAB-E5522');
  expect((await ask('expand', 'stop')).stdout).toContain('stopping: what has begun is finished');
});
