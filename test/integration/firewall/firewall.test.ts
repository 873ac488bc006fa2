import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dropReasonNames } from '../../../contract/firewall.ts';
import { ports } from '../../../contract/layout.ts';
import { run } from '../../../host/process.ts';
import { at, FirewallLab, whyNoLab } from '../../support/firewall/lab.ts';
import type { Outcome, Probe } from '../../support/firewall/probe.ts';
import { firewallRules } from '../../support/firewall/rules.ts';

const why = await whyNoLab();
if (why !== null) process.stderr.write(`the firewall is not tried: ${why}\n`);

let lab: FirewallLab;

beforeAll(async () => {
  if (why !== null) return;
  lab = new FirewallLab();
  await lab.open();
});
afterAll(() => lab?.close());

const tcp = (host: string, ...all: number[]): Probe[] => all.map((port) => ({ protocol: 'tcp', host, port }));
const udp = (host: string, ...all: number[]): Probe[] => all.map((port) => ({ protocol: 'udp', host, port }));
const answered = (outcomes: Outcome[]) => outcomes.map(({ answers }) => answers);
const reasons = (outcomes: Outcome[]) => outcomes.map((one) => (one.answers ? 'answers' : one.why));
const all = (count: number, what: unknown) => Array.from({ length: count }, () => what);

describe.skipIf(why !== null)('from outside', () => {
  test.each([at.box, at.box6])('the API and mDNS answer at %s', async (host) => {
    const offered = [...tcp(host, ports.api), ...udp(host, 5353)];
    expect(
      await lab.counted(async () => expect(answered(await lab.probe('lan', offered))).toEqual([true, true])),
    ).toEqual({});
  });

  test.each([at.box, at.box6])('every other port at %s is silent, and counted', async (host) => {
    const closed = [
      ...tcp(host, 22, 443, 2379, ports.registry, ports.kubernetes, ports.artifacts, 10_250),
      ...udp(host, 53),
    ];
    const counted = await lab.counted(async () => {
      expect(reasons(await lab.probe('lan', closed))).toEqual(all(closed.length, 'silence'));
    });
    expect(counted).toEqual({ port: closed.length });
  });

  test('a lease is taken from a server of leases only', async () => {
    const lease = (port: number): Probe => ({ protocol: 'udp', host: at.box, port: 68, from: { port } });
    const counted = await lab.counted(async () => {
      expect(answered(await lab.probe('lan', [lease(67), lease(1067)]))).toEqual([true, false]);
    });
    expect(counted).toEqual({ port: 1 });
  });

  test('a sender with an address of the cluster gets nothing, not even the API', async () => {
    const forged: Probe = { protocol: 'tcp', host: at.box, port: ports.api, from: { address: '10.42.0.99' } };
    expect(await lab.counted(() => lab.probe('lan', [forged]))).toEqual({ spoofed: 1 });
  });

  test('what belongs to no connection is dropped, at an open port too', async () => {
    // Makes the answer to a connection that nobody asked for out of each request.
    const forge = `table inet forge {
      chain output {
        type filter hook output priority filter
        tcp dport ${ports.api} tcp flags set syn | ack
      }
    }`;
    await run(lab.inside('lan', ['nft', '--file', '-']), { input: forge });
    try {
      expect(await lab.counted(() => lab.probe('lan', tcp(at.box, ports.api)))).toEqual({ invalid: 1 });
    } finally {
      await run(lab.inside('lan', ['nft', 'delete', 'table', 'inet', 'forge']));
    }
  });

  test('broadcasts and multicasts for others are counted apart from attempts', async () => {
    const noise = [...udp('192.0.2.255', 1900), ...udp('ff02::1%eth0', 1900)];
    expect((await lab.counted(() => lab.probe('lan', noise), ['chatter'])).chatter).toBeGreaterThanOrEqual(2);
  });

  test('a pod answers at a port that it publishes, not at its own address nor its Service', async () => {
    const counted = await lab.counted(async () => {
      const tries = [...tcp(at.box, 8080), ...tcp(at.pod, 80), ...tcp(at.service, 80)];
      expect(answered(await lab.probe('lan', tries))).toEqual([true, false, false]);
    });
    expect(counted).toEqual({ unpublished: 2 });
  });

  test('the box is no way from one network to another', async () => {
    const counted = await lab.counted(async () => {
      expect(answered(await lab.probe('lan', tcp('203.0.113.1', 80)))).toEqual([false]);
    });
    expect(counted).toEqual({ transit: 1 });
  });
});

describe.skipIf(why !== null)('a pod', () => {
  test('reaches other pods and Services through the bridge', async () => {
    const inner = [...tcp(at.pod2, 80, 22), ...udp(at.pod2, 53)];
    expect(
      await lab.counted(async () =>
        expect(answered(await lab.probe('pod', inner))).toEqual([true, true, true]),
      ),
    ).toEqual({});
    expect(answered(await lab.probe('pod2', tcp(at.service, 80)))).toEqual([true]);
    expect(answered(await lab.probe('box', tcp(at.pod, 80)))).toEqual([true]);
  });

  test('reaches of the box the API server, artifacts, our API and kubelet, and nothing else', async () => {
    const offered = tcp(at.node, ports.kubernetes, ports.artifacts, ports.api, 10_250);
    const closed = [...tcp(at.node, 22, 2379, ports.registry), ...udp(at.node, 53)];
    const counted = await lab.counted(async () => {
      expect(answered(await lab.probe('pod', offered))).toEqual(all(offered.length, true));
      expect(answered(await lab.probe('pod', closed))).toEqual(all(closed.length, false));
    });
    expect(counted).toEqual({ node: closed.length });
  });

  test('is told at once that a port of the box is not offered: lookups by DNS go there', async () => {
    expect(reasons(await lab.probe('pod', tcp(at.node, 22, 53)))).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  });

  test('is told at once that there is no way out', async () => {
    const counted = await lab.counted(async () => {
      expect(reasons(await lab.probe('pod', tcp(at.far, 443)))).toEqual(['EHOSTUNREACH']);
    });
    expect(counted).toEqual({ podEgress: 1 });
  });
});

describe.skipIf(why !== null)('the way out', () => {
  beforeEach(() => lab.load());

  test('is closed to the box itself, over IPv6 too, and a Service without rules is told apart', async () => {
    const out = [...tcp(at.far, 443), ...tcp(at.lan, 80), ...udp(at.lan, 53), ...tcp(at.lan6, 80)];
    const counted = await lab.counted(async () => {
      expect(answered(await lab.probe('box', out))).toEqual(all(out.length, false));
      expect(answered(await lab.probe('box', tcp('10.43.0.99', 80)))).toEqual([false]);
    });
    expect(counted).toEqual({ egress: out.length, stray: 1 });
  });

  test('is open where the site says so, for pods in the name of the box', async () => {
    await lab.load([
      { to: '198.51.100.0/24', protocol: 'tcp', port: 443 },
      { to: at.lan6, protocol: 'tcp', port: 80 },
    ]);
    const counted = await lab.counted(async () => {
      expect(await lab.probe('pod', tcp(at.far, 443))).toEqual([{ answers: true, seenAs: at.box }]);
      expect(answered(await lab.probe('box', [...tcp(at.far, 443), ...tcp(at.lan6, 80)]))).toEqual([
        true,
        true,
      ]);
      const others = [...tcp(at.far, 80), ...udp(at.far, 443), ...tcp(at.lan, 443)];
      expect(answered(await lab.probe('pod', others))).toEqual([false, false, false]);
    });
    expect(counted).toEqual({ podEgress: 3 });
  });
});

describe.skipIf(why !== null)('of several control planes', () => {
  beforeAll(() => lab.load());
  afterAll(() => lab.makeLan(null));

  test('another one reaches etcd, an agent does not', async () => {
    for (const [role, reached] of [
      ['agent', false],
      ['control-plane', true],
    ] as const) {
      await lab.makeLan(role);
      const [etcd, api] = answered(await lab.probe('lan', tcp(at.box, 2379, ports.kubernetes)));
      expect([role, etcd, api]).toEqual([role, reached, true]);
    }
  });

  test("a pod reaches another one's API server in the box's name, and no more of it", async () => {
    const [api] = tcp(at.lan, ports.kubernetes);
    expect(await lab.probe('pod', api === undefined ? [] : [api])).toEqual([
      { answers: true, seenAs: at.box },
    ]);
    expect(answered(await lab.probe('pod', tcp(at.lan, 2379, 10_250)))).toEqual([false, false]);
  });

  test('etcd of another one is reached by the address that this one has in the cluster', async () => {
    const etcd: Probe = { protocol: 'tcp', host: at.lan, port: 2379, from: { address: at.node } };
    expect(await lab.probe('box', [etcd])).toEqual([{ answers: true, seenAs: at.node }]);
  });
});

describe.skipIf(why !== null)('on a node', () => {
  beforeAll(async () => {
    await lab.load();
    await lab.becomeNode();
  });

  test("a pod reaches the box's API server, artifacts and API in the node's name, and nothing else of it", async () => {
    const offered = tcp(at.node, ports.kubernetes, ports.artifacts, ports.api);
    const seen = offered.map(() => ({ answers: true, seenAs: at.box }));
    const closed = [...tcp(at.node, 22, 2379, 10_250), ...tcp(at.lan, ports.api)];
    const counted = await lab.counted(async () => {
      expect(await lab.probe('pod', offered)).toEqual(seen);
      expect(answered(await lab.probe('pod', closed))).toEqual(all(closed.length, false));
    });
    expect(counted).toEqual({ stray: 3, podEgress: 1 });
  });
});

test('each counter of the rule file has its words, and the other way round', async () => {
  const rules = await firewallRules();
  const declared = [...rules.matchAll(/^\tcounter (\w+) \{ \}$/gm)].map(([, name]) => name);
  expect(declared.toSorted()).toEqual(dropReasonNames.toSorted());
  for (const name of declared) expect(rules).toMatch(new RegExp(`counter name ${name} (?:drop|reject)`));
});
