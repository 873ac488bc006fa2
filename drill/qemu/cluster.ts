import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { BackupManifestSchema } from '../../contract/backup.ts';
import type { BankName } from '../../contract/drill/scenario.ts';
import { kubernetesPath } from '../../contract/kubernetes.ts';
import { BoxStatusSchema } from '../../contract/status.ts';
import { writeAtomic } from '../../host/files.ts';
import type { Drill } from '../drill.ts';
import { waitFor } from '../wait.ts';
import { boxOption, cpiabIn } from './command.ts';

const CONVERGE_SECONDS = 3600;
const LAND_SECONDS = 900;
const OBJECTS = `${kubernetesPath}/api/v1/namespaces/default/configmaps`;
const NAME = 'cpiab-drill';

/** Waits until a box has converged. @returns milliseconds from its power-on on. */
export async function converged(drill: Drill, bank: BankName): Promise<number> {
  const box = await drill.box(bank);
  const wait = {
    seconds: CONVERGE_SECONDS,
    what: `bank ${bank}'s box has not converged`,
    signal: drill.signal,
  };
  return await waitFor(async () => {
    const { phase, steps } = BoxStatusSchema.parse(JSON.parse((await box.ask('/v1/status', null)).text));
    const { startedMs, tookMs } = steps.find(({ name }) => name === 'converge') ?? {};
    return phase === 'ready' ? (startedMs ?? 0) + (tookMs ?? 0) : null;
  }, wait);
}

/** Puts an object into bank A's cluster that no Git has: who finds it has that cluster's state. @returns what it says. */
export async function mark(drill: Drill): Promise<string> {
  const said = await markIn(drill, 'a');
  if (said !== null) return said;
  const data = { said: randomUUID() };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME }, data };
  const { banks } = await drill.secrets();
  const { status, text } = await (await drill.box('a')).ask(OBJECTS, banks.a.join, object);
  if (status !== 201) throw new Error(`bank A's cluster answers ${status}: ${text}`);
  return data.said;
}

/** What the object in a bank's cluster says; null without one. */
async function markIn(drill: Drill, bank: BankName): Promise<string | null> {
  const { banks } = await drill.secrets();
  const { status, text } = await (await drill.box(bank)).ask(`${OBJECTS}/${NAME}`, banks[bank].join);
  if (status === 404) return null;
  return z.object({ data: z.object({ said: z.string() }) }).parse(JSON.parse(text)).data.said;
}

const SealedSchema = z.object({
  size: z.number(),
  manifest: z.object({ sequence: z.number(), chunks: z.number() }),
  contents: BackupManifestSchema,
});

/** Bank A's whole box, sealed for bank B's. */
export async function sealCluster(drill: Drill): Promise<object> {
  const { boxId, fingerprint } = await (await drill.box('b')).named();
  const { age } = await drill.secrets();
  const whom = ['--receiver', `${boxId}#${fingerprint}`, '--recipient', age.recipient, '--hours', '24'];
  const at = boxOption(drill, 'a', await (await drill.box('a')).pin());
  const said = await cpiabIn(drill, 'a', 'cargo', 'seal', drill.cargo('a'), ...whom, ...at);
  const { size: bytes, manifest, contents } = SealedSchema.parse(said);
  const { gitHead: head, members } = contents;
  return { head, ...manifest, bytes, members };
}

/** Bank B's box takes the cluster over, and starts into it. @returns when it had converged, after it was back. */
export async function landCluster(drill: Drill): Promise<{ convergedMs: number }> {
  const { journal, signal } = drill;
  const { cluster } = journal.resultOf<{ cluster: { said: string } }>('prepare.members');
  const hasLanded = async () => (await markIn(drill, 'b')) === cluster.said;
  await converged(drill, 'b');
  // A box that is busy answers late; landing goes on where it was.
  const patient = { seconds: LAND_SECONDS, what: 'the cargo was not landed', signal };
  if (!(await hasLanded())) await waitFor(() => land(drill), patient);
  const wait = { seconds: CONVERGE_SECONDS, what: "bank B's cluster is not bank A's", signal };
  await waitFor(async () => ((await hasLanded()) ? true : null), wait);
  return { convergedMs: await converged(drill, 'b') };
}

async function land(drill: Drill): Promise<true> {
  const { world, publicKey } = drill;
  const { age } = await drill.secrets();
  const { boxId, fingerprint } = await (await drill.box('b')).named();
  const [key, identity] = [join(world.secrets, 'sender.pub'), join(world.secrets, 'b-age')];
  await writeAtomic(key, publicKey);
  await writeAtomic(identity, `${age.secret}\n`, { mode: 0o600 });
  const how = ['--key', key, '--identity', identity, '--replace', boxId];
  await cpiabIn(drill, 'b', 'cargo', 'land', drill.cargo('b'), ...how, ...boxOption(drill, 'b', fingerprint));
  return true;
}
