import { z } from 'zod';
import { loki } from '../../contract/logs.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { Pod } from '../observe/holding.ts';
import type { Look } from './look.ts';
import { fail, notApplicable, type Outcome, pass, unknown } from './outcome.ts';
import { patient } from './patient.ts';
import { podsPath, shellImage, startPod } from './pod.ts';
import { scratchNamespace } from './scratch.ts';
import { isThere, proxied, settled } from './service.ts';

const POD = 'log';
const STARTED_MS = patient(90_000);
/** The collector looks each second; one that has much to bring first takes longer. */
const BROUGHT_MS = patient(60_000);
const HOUR_NS = 3_600_000_000_000n;

/** Source: Loki, HTTP API, query logs within a range of time. */
const AnswerSchema = z.object({
  data: z.object({ result: z.array(z.object({ values: z.array(z.tuple([z.string(), z.string()])) })) }),
});

/** A pod writes a line that nothing else writes, and Loki is asked for it. */
export async function checkLogs(look: Look, patienceMs = BROUGHT_MS): Promise<Outcome> {
  if (!(await isThere(loki, look))) return notApplicable('the site has no Loki');
  const image = shellImage(look.manifest);
  if (image === undefined) return unknown('the bundle has no image of BusyBox to write with');
  const line = `post-check ${crypto.randomUUID()}`;
  const command = ['sh', '-c', `echo ${line}; sleep 300`];
  const runs = ({ status }: Pod) => status.phase !== 'Pending';
  const pod = await startPod(look, { name: POD, image, command }, runs, STARTED_MS);
  if (!runs(pod)) return unknown('the pod that writes did not start');
  const isFound = ({ lines }: Told) => lines.includes(line);
  const told = await settled(() => ask(look), isFound, patienceMs, look.signal);
  await look.kube.remove(`${podsPath}/${POD}`, look.signal);
  if (isFound(told)) return pass('Loki gave back the line that a pod wrote');
  const within = `within ${patienceMs / 1000} s`;
  return told.problem === null
    ? fail(`Loki did not have the line that a pod wrote ${within}`)
    : unknown(`Loki did not tell what it has ${within}: ${told.problem}`);
}

/** What Loki has of the pod, or why it does not say. */
interface Told {
  lines: string[];
  problem: string | null;
}

/** One that is busy ends a query without an answer. */
async function ask(look: Look): Promise<Told> {
  try {
    return { lines: await linesOf(look), problem: null };
  } catch (error) {
    look.signal.throwIfAborted();
    return { lines: [], problem: messageOf(error) };
  }
}

async function linesOf({ kube, signal }: Look): Promise<string[]> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const query = new URLSearchParams({
    query: `{namespace="${scratchNamespace}", pod="${POD}"}`,
    ...{ start: `${now - HOUR_NS}`, end: `${now + HOUR_NS}`, limit: '100', direction: 'backward' },
  });
  const path = proxied(loki, `/loki/api/v1/query_range?${query}`);
  const { data } = AnswerSchema.parse(await kube.get(path, signal));
  return data.result.flatMap(({ values }) => values.map(([, line]) => line));
}
