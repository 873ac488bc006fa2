import { setTimeout as sleep } from 'node:timers/promises';
import { KubeClient } from '../../../agent/kube/client.ts';
import { readKubeconfig } from '../../../agent/kube/kubeconfig.ts';

/** One write: milliseconds since 1970; a client that got no answer in time does not know whether it was done. */
export interface Write {
  name: string;
  value: string;
  acknowledgedMs: number | null;
}

const [kubeconfig = '', perSecond = ''] = process.argv.slice(2);
const TIMEOUT_MS = 3000;
const folder = '/api/v1/namespaces/default/configmaps';
const kube = new KubeClient(await readKubeconfig(kubeconfig));
const life = new AbortController();
process.stdin.resume().once('end', () => life.abort());

/** Each write is a new object, tried once. */
async function write(count: number): Promise<Write> {
  const name = `write-${String(count).padStart(6, '0')}`;
  const value = String(count * 7919);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } };
  const done = kube.apply(`${folder}/${name}`, object, AbortSignal.timeout(TIMEOUT_MS));
  return await done.then(
    () => ({ name, value, acknowledgedMs: Date.now() }),
    () => ({ name, value, acknowledgedMs: null }),
  );
}

const started = performance.now();
const pending: Promise<void>[] = [];
for (let count = 0; !life.signal.aborted; count++) {
  pending.push(write(count).then((done) => void process.stdout.write(`${JSON.stringify(done)}\n`)));
  // By the clock, not by the answers: what takes long must not slow the writing down.
  const next = started + ((count + 1) * 1000) / Number(perSecond);
  await sleep(Math.max(0, next - performance.now()), undefined, { signal: life.signal }).catch(() => {});
}
await Promise.all(pending);
kube.close();
