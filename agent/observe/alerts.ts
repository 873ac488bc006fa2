import { z } from 'zod';
import { type AlertsStatus, alertmanager } from '../../contract/alerts.ts';
import { type KubeClient, KubeError } from '../kube/client.ts';

/** One that hangs must not hold up what else the agent looks at. */
const PATIENCE_MS = 5000;
/** So many are told: who has more has one cause with many effects. */
const MOST = 50;
const { namespace, service, port } = alertmanager;
const PATH = `/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy/api/v2/alerts?inhibited=true`;

/** Of an alert what is told. Source: Alertmanager, OpenAPI of API v2, gettableAlert. */
const AlertSchema = z.object({
  labels: z.object({ alertname: z.string(), severity: z.string().default('') }),
  annotations: z.object({ summary: z.string().default(''), runbook: z.string().default('') }),
  startsAt: z.string(),
  status: z.object({ state: z.enum(['unprocessed', 'active', 'suppressed']) }),
});

/** What Alertmanager holds, asked through the API server; null where the cluster has none. */
export async function firingAlerts(
  kube: Pick<KubeClient, 'get'>,
  signal: AbortSignal,
): Promise<AlertsStatus | null> {
  try {
    const answer = await kube.get(PATH, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
    const firing = z.array(AlertSchema).parse(answer).map(toldAs).toSorted(worstFirst).slice(0, MOST);
    return { firing, problem: '' };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KubeError && error.status === 404) return null;
    const why = error instanceof z.ZodError ? 'its answer is not one of API v2' : (error as Error).message;
    return { firing: [], problem: `Alertmanager cannot be asked: ${why}` };
  }
}

const toldAs = ({ labels, annotations, startsAt, status }: z.infer<typeof AlertSchema>) => ({
  name: labels.alertname,
  severity: labels.severity,
  summary: annotations.summary,
  runbook: annotations.runbook,
  since: startsAt,
  suppressed: status.state === 'suppressed',
});

type Firing = AlertsStatus['firing'][number];

/** What nobody silenced comes first, of that what is critical. */
const rank = ({ suppressed, severity }: Firing) => Number(suppressed) * 2 + Number(severity !== 'critical');

const worstFirst = (a: Firing, b: Firing) => rank(a) - rank(b) || a.since.localeCompare(b.since);
