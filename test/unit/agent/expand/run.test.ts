import { describe, expect, test } from 'vitest';
import { keptExpansion } from '../../../../agent/expand/store.ts';
import { Lab, moves, who } from '../../../support/expand/box.ts';
import { sha } from '../../../support/expand/cast.ts';
import { World, webPod } from '../../../support/expand/world.ts';

const { signal } = new AbortController();

const two = (world = new World(3)): World => {
  for (const name of ['worker-1', 'worker-2']) world.ask(name);
  return world;
};

test('machines join one by one, then pods move one by one, each in the name of who approved it', async () => {
  const lab = await Lab.open(two());
  await lab.approve();
  await lab.run();
  expect(lab.state).toBe('done');
  expect(lab.world.approvals).toEqual(['worker-1', 'worker-2']);
  expect(lab.world.evictions).toEqual(['web-1', 'web-2', 'web-3']);
  expect(lab.world.podsOn('worker-1')).toHaveLength(3);
  expect(lab.world.most).toEqual({ joining: 1, unready: 1 });
  const begun = lab.audited.filter(({ outcome }) => outcome === 'begun');
  expect(begun.map((entry) => [entry.who.name, entry.detail])).toEqual(
    ['web-1', 'web-2', 'web-3'].map((name) => ['alice', `evict web/${name}, for pool workers`]),
  );
  expect(lab.shown).toBeNull();
});

test('as many at once as the site says', async () => {
  const lab = await Lab.open(two(new World(4)), { surge: 2, moves: [{ ...moves[0], maxUnavailable: 3 }] });
  await lab.approve();
  await lab.run();
  expect([lab.state, lab.world.most]).toEqual(['done', { joining: 2, unready: 3 }]);
});

test('an agent that is killed at any moment goes on as if it had not been', { timeout: 60_000 }, async () => {
  for (let moment = 0; ; moment++) {
    const lab = await Lab.open(two());
    await lab.approve();
    lab.moments = moment;
    const kills = await lab.run();
    expect([moment, lab.state]).toEqual([moment, 'done']);
    expect(lab.world.approvals).toEqual(['worker-1', 'worker-2']);
    expect(lab.world.evictions).toEqual(['web-1', 'web-2', 'web-3']);
    expect(lab.world.most).toEqual({ joining: 1, unready: 1 });
    if (kills === 0) return expect(moment).toBeGreaterThan(25);
  }
});

describe('it halts, and does nothing more', () => {
  test('when a machine does not get ready in its time; it goes on when a person says so', async () => {
    const lab = await Lab.open(two());
    lab.world.stuck.add('worker-1');
    await lab.approve();
    await lab.run();
    expect(lab.expander.status().expansion?.halt?.why).toBe('worker-1 is approved, and not a Ready node yet');
    expect([lab.world.approvals, lab.world.evictions]).toEqual([['worker-1'], []]);
    await lab.start();
    expect(lab.shown).toMatchObject({ state: 'halted', machines: { joined: 0, total: 2 } });
    lab.world.stuck.clear();
    await lab.expander.goOn(who);
    await lab.run();
    expect(lab.state).toBe('done');
  });

  test('when a successor does not get ready in its time', async () => {
    const lab = await Lab.open(two());
    lab.world.healthy = false;
    await lab.approve();
    await lab.run();
    expect(lab.expander.status().expansion?.halt?.why).toBe('web/web-1: its successor web-4: starting');
    expect(lab.world.evictions).toEqual(['web-1']);
    await lab.expander.goOn(who);
    await lab.run();
    expect(lab.expander.status().expansion?.halt?.why).toBe('web/web-4: starting');
    expect(lab.world.evictions).toEqual(['web-1']);
    lab.world.healthy = true;
    await lab.expander.goOn(who);
    await lab.run();
    expect([lab.state, lab.world.most.unready]).toEqual(['done', 1]);
  });

  test.each([429, 500])('when a disruption budget keeps a pod for too long, with %i', async (status) => {
    const lab = await Lab.open(two());
    lab.world.kept.set('web-1', status);
    await lab.approve();
    await lab.run();
    expect(lab.expander.status().expansion?.halt?.why).toContain("web/web-1: the pod's disruption budget");
    expect(lab.world.evictions).toEqual([]);
  });

  test('when the scheduler puts a successor elsewhere', async () => {
    const lab = await Lab.open(two());
    lab.world.goesTo = 'box';
    await lab.approve();
    await lab.run();
    expect(lab.expander.status().expansion?.halt?.why).toBe(
      'web/web-4, which took the place of web-1, is on box, not in pool workers',
    );
    expect(lab.world.evictions).toEqual(['web-1']);
  });

  test.each([
    ['asks by another request', { request: sha('other') }, 'worker-2 asks by another request'],
    ['was denied', { state: 'denied', reason: 'not ours' }, 'worker-2 is denied: not ours'],
  ] as const)('when a machine %s before its turn', async (_, change, why) => {
    const lab = await Lab.open(two());
    await lab.approve();
    Object.assign(lab.world.machines[1] ?? {}, change);
    await lab.run();
    expect(lab.expander.status().expansion?.halt?.why).toContain(why);
    expect(lab.world.approvals).toEqual([]);
  });
});

test('a machine that has not asked again yet keeps its turn', async () => {
  const lab = await Lab.open(two());
  await lab.approve();
  const [first] = lab.world.machines.splice(0, 1);
  // What it was long ago does not count.
  lab.world.ask('worker-1', { id: 'id-old', state: 'removed', request: sha('long ago') });
  await lab.expander.turn(lab.world.kube, signal);
  expect([lab.state, lab.world.approvals]).toEqual(['running', []]);
  if (first !== undefined) lab.world.machines.push(first);
  await lab.run();
  expect(lab.world.approvals).toEqual(['worker-1', 'worker-2']);
});

test('a pod that is not ready counts against the limit, whoever made it so', async () => {
  const world = two();
  world.pods.push(webPod('web-0', 'worker-9', false));
  world.healthy = false;
  const lab = await Lab.open(world);
  await lab.approve();
  await lab.run();
  expect(lab.expander.status().expansion?.halt?.why).toBe('web/web-0: starting');
  expect(world.evictions).toEqual([]);
});

test('stopped, it finishes what has begun and begins nothing else', async () => {
  const lab = await Lab.open(two());
  await lab.approve();
  await lab.expander.turn(lab.world.kube, signal);
  await lab.expander.stop(who);
  expect(lab.state).toBe('stopping');
  await lab.run();
  expect([lab.state, lab.world.approvals]).toEqual(['stopped', ['worker-1']]);
  expect(lab.world.machines[0]?.cluster).toBe('ready');
  expect((await keptExpansion(lab.file))?.state).toBe('stopped');
});

test('stopped while pods move, it waits for the one that is on its way', async () => {
  const lab = await Lab.open(two());
  await lab.approve();
  while (lab.world.evictions.length === 0) {
    await lab.expander.turn(lab.world.kube, signal);
    lab.world.tick();
  }
  await lab.expander.stop(who);
  await lab.run();
  const { expansion } = lab.expander.status();
  expect([expansion?.state, expansion?.moved, lab.world.evictions]).toEqual([
    'stopped',
    ['web/web-1'],
    ['web-1'],
  ]);
});

test('a plan that has changed is not approved, and one at a time runs', async () => {
  const lab = await Lab.open(two());
  const { digest } = await lab.expander.plan(lab.world.kube, 'workers');
  lab.world.ask('worker-3');
  await expect(lab.expander.approve(lab.world.kube, digest, who, '')).rejects.toMatchObject({
    code: 'E5521',
  });
  await expect(lab.expander.plan(lab.world.kube, 'none')).rejects.toMatchObject({ code: 'E5523' });
  await expect(lab.expander.goOn(who)).rejects.toMatchObject({ code: 'E5522' });
  await lab.approve();
  await expect(lab.approve()).rejects.toMatchObject({ code: 'E5522' });
  expect(lab.audited).toHaveLength(1);
});
