import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Problem } from '../../../agent/report/report.ts';
import { run } from '../../../host/process.ts';
import { Switch } from '../../support/cluster/switch.ts';
import { node, whyNoLab } from '../../support/firewall/lab.ts';
import { firewallRules } from '../../support/firewall/rules.ts';

const why = await whyNoLab();
if (why !== null) process.stderr.write(`two boxes with one address are not tried: ${why}\n`);

const lan = new Switch(`cpiab-${process.pid}-twins`);
let [box, twin] = ['', ''];
const inside = async (place: string, argv: readonly string[], input = '') =>
  (await run(['ip', 'netns', 'exec', place, ...argv], { input })).stdout;
const look = async () => JSON.parse(await inside(box, node({ do: 'addresses' }))) as Problem | null;

beforeAll(async () => {
  if (why !== null) return;
  await lan.open();
  box = await lan.attach('box', '10.99.1.1');
  twin = await lan.attach('twin', '10.99.1.1');
  const watch = /^table arp cpiab \{$.*?^\}$/ms.exec(await firewallRules())?.[0] ?? '';
  await inside(box, ['nft', '-f', '-'], watch);
});
afterAll(() => lan.close());

describe.skipIf(why !== null)('of two boxes on one network', () => {
  test('each knows that the other has its IPv4 address as soon as that says anything, and which one it is', async () => {
    expect(await look()).toBeNull();
    const question = { protocol: 'tcp', host: '10.99.1.7', port: 80 } as const;
    await inside(twin, node({ do: 'probe', probes: [question] }));
    const [{ address: mac }] = JSON.parse(await inside(twin, ['ip', '-json', 'link', 'show', 'eth0']));
    expect(await look()).toEqual({
      problem: `another machine on the network uses this box's address 10.99.1.1 (it is ${mac})`,
      nextAction: expect.stringContaining('give one of the two another address'),
    });
  });

  test('one that has the IPv6 address of the other says so', async () => {
    await inside(box, ['nft', 'flush', 'set', 'arp', 'cpiab', 'taken']);
    await inside(twin, ['ip', 'address', 'add', '2001:db8::7/64', 'dev', 'eth0', 'nodad']);
    await inside(box, ['ip', 'address', 'add', '2001:db8::7/64', 'dev', 'eth0']);
    await expect
      .poll(async () => (await look())?.problem, { timeout: 20_000 })
      .toMatch(/another machine on the network uses this box's address .*2001:db8::7/);
  });
});
