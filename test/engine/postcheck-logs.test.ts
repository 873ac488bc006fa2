import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../../agent/api/server.ts';
import { checkLogs } from '../../agent/postcheck/logs.ts';
import type { Look } from '../../agent/postcheck/look.ts';
import { makeScratch, scratchNamespace } from '../../agent/postcheck/scratch.ts';
import { loki } from '../../contract/logs.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { expose, ownAddress } from '../support/postcheck/exposed.ts';
import { Kubelet } from '../support/postcheck/kubelet.ts';
import { images } from '../support/postcheck/objects.ts';
import { KubeApi } from '../support/svid/kube-api.ts';

const kube = new KubeApi();
const { signal } = new AbortController();
let look: Look;

interface LogPod {
  spec: { containers: { command: string[] }[] };
}

beforeAll(async () => {
  await kube.open();
  const scratch = () => makeScratch(kube.client, signal);
  look = { kube: kube.client, manifest: { images }, scratch, signal } as unknown as Look;
}, 1_800_000);
afterAll(() => kube.close());

test('a site without Loki has no lines to look for', async () => {
  expect((await checkLogs(look)).result).toBe('notApplicable');
});

/** In the place of kubelet, collector and Loki, which the boot test has: it has the line of the pod, once it may. */
test('a line of a pod is looked for in Loki', async () => {
  const kubelet = new Kubelet(kube);
  kubelet.outcomes['log'] = 'pulled';
  kubelet.start();
  let isBrought = false;
  /** Queries that it ends without an answer. */
  let failing = 0;
  const queries = new Set<string | null>();
  const server = createServer(async ({ url = '' }, answer) => {
    queries.add(new URL(url, 'http://loki').searchParams.get('query'));
    if (failing-- > 0) return void answer.destroy();
    const pod = await kube.client.get<LogPod>(`/api/v1/namespaces/${scratchNamespace}/pods/log`);
    const [, line = ''] = /^echo (.*); sleep/.exec(pod.spec.containers[0]?.command[2] ?? '') ?? [];
    const result = [{ stream: {}, values: [['1', isBrought ? line : 'another']] }];
    answer.end(JSON.stringify({ status: 'success', data: { resultType: 'streams', result } }));
  });
  const port = await freePort();
  await listen(server, port, ownAddress(), signal);
  try {
    await expose(kube, loki, port);
    expect(await checkLogs(look, 1000)).toMatchObject({ result: 'fail' });
    isBrought = true;
    const evidence = 'Loki gave back the line that a pod wrote';
    expect(await checkLogs(look)).toEqual({ result: 'pass', evidence });
    failing = 2;
    expect(await checkLogs(look)).toEqual({ result: 'pass', evidence });
    failing = 1000;
    const told = { result: 'unknown', evidence: expect.stringContaining('EOF') };
    expect(await checkLogs(look, 1000)).toEqual(told);
    expect([...queries]).toEqual([`{namespace="${scratchNamespace}", pod="log"}`]);
  } finally {
    server.close();
    await kubelet.stop();
  }
});
