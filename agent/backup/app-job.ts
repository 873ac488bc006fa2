import { setTimeout as sleep } from 'node:timers/promises';
import { type AppBackupRequest, type AppBackupResult, appBackup } from '../../contract/app-backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type KubeClient, KubeError } from '../kube/client.ts';

type Kube = Pick<KubeClient, 'get' | 'create' | 'text'>;

interface Variable {
  name: string;
  value?: string;
}
interface Container {
  name: string;
  args?: string[];
  env?: Variable[];
}
interface JobSpec {
  template: { spec: { containers: Container[]; initContainers?: Container[] } };
  [field: string]: unknown;
}
interface CronJob {
  spec: { jobTemplate: { metadata?: object; spec: JobSpec } };
}
interface Job {
  metadata: { name: string };
  status?: { active?: number; conditions?: { type: string; status: string; message?: string }[] };
}

const LOOK_MS = 2000;
/** Its log stays so long. */
const KEPT_SECONDS = 86_400;
const LOG_LINES = 200;

/**
 * Makes a Job of an app's CronJob for backups, as `kubectl create job --from` does, with other work to do, and waits
 * for its end. @throws CpiabError E5402 while another one runs, E5413 for an app without backups, E5414 when it fails.
 */
export async function runAppBackup(
  kube: Kube,
  app: string,
  request: AppBackupRequest,
  signal: AbortSignal,
): Promise<AppBackupResult> {
  const jobs = `/apis/batch/v1/namespaces/${app}/jobs`;
  const cronJob = await cronJobOf(kube, app, signal);
  const { items } = await kube.get<{ items: Job[] }>(`${jobs}?labelSelector=${appBackup.label}`, signal);
  if (items.some((job) => endOf(job) === null)) throw new CpiabError('E5402', { subject: `app ${app}` });
  const made = await kube.create<Job>(jobs, jobFrom(cronJob, request), signal);
  const { name } = made.metadata;
  for (;;) {
    const end = endOf(await kube.get<Job>(`${jobs}/${name}`, signal));
    if (end !== null) {
      const log = await logOf(kube, app, name, signal);
      const last = log.trimEnd().split('\n').at(-1) ?? '';
      if (end.type === 'Failed')
        throw new CpiabError('E5414', { subject: `app ${app}`, args: [last || (end.message ?? ''), name] });
      return { apiVersion: 'cpiab.dev/v1', kind: 'AppBackupResult', app, job: name, log };
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

async function cronJobOf(kube: Kube, app: string, signal: AbortSignal): Promise<CronJob> {
  const path = `/apis/batch/v1/namespaces/${app}/cronjobs/${appBackup.cronJob}`;
  try {
    return await kube.get<CronJob>(path, signal);
  } catch (cause) {
    if (!(cause instanceof KubeError) || cause.status !== 404) throw cause;
    throw new CpiabError('E5413', { subject: `app ${app}`, cause });
  }
}

/** How a Job ended; null while it runs. */
const endOf = ({ status }: Job) =>
  status?.conditions?.find(
    ({ type, status: is }) => ['Complete', 'Failed'].includes(type) && is === 'True',
  ) ?? null;

function jobFrom({ spec: { jobTemplate } }: CronJob, request: AppBackupRequest): object {
  const { template, ...rest } = jobTemplate.spec;
  const args = request.work === 'restore' ? [request.work, request.snapshot] : [request.work];
  const containers = template.spec.containers.map((one) =>
    one.name === appBackup.container ? { ...one, args } : one,
  );
  const initContainers = template.spec.initContainers?.map((one) =>
    one.name === appBackup.hold ? { ...one, env: quiesced(one.env ?? [], request.work) } : one,
  );
  const spec = { ...template.spec, containers, ...(initContainers === undefined ? {} : { initContainers }) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...jobTemplate.metadata,
      generateName: `${appBackup.cronJob}-${request.work}-`,
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
    },
    spec: {
      ...rest,
      backoffLimit: 0,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: { ...template, spec },
    },
  };
}

/** No app may run while its files are put back; none has to stop for a list. */
function quiesced(env: Variable[], work: AppBackupRequest['work']): Variable[] {
  if (work === 'backup') return env;
  const value = work === 'restore' ? 'stop' : 'none';
  return [...env.filter(({ name }) => name !== 'QUIESCE'), { name: 'QUIESCE', value }];
}

async function logOf(kube: Kube, app: string, job: string, signal: AbortSignal): Promise<string> {
  const pods = `/api/v1/namespaces/${app}/pods`;
  const { items } = await kube.get<{ items: { metadata: { name: string } }[] }>(
    `${pods}?labelSelector=batch.kubernetes.io/job-name=${job}`,
    signal,
  );
  const name = items.at(-1)?.metadata.name;
  if (name === undefined) return '';
  return await kube.text(
    `${pods}/${name}/log?container=${appBackup.container}&tailLines=${LOG_LINES}`,
    signal,
  );
}
