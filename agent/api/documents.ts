import type { ServerResponse } from 'node:http';
import {
  type DashboardData,
  type DashboardHours,
  type DashboardList,
  dashboardHours,
} from '../../contract/dashboard.ts';
import { rootCertificatePath } from '../../contract/route.ts';
import type { Evidence, ImageList, KustomizationList } from '../../contract/status.ts';
import { timelineSvg } from '../../contract/timeline-svg.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Counters } from '../metrics/counters.ts';
import { contentType, exposition } from '../metrics/exposition.ts';
import { metricFamilies } from '../metrics/families.ts';
import type { BoxReport } from '../report/report.ts';
import { answerBytes, answerJson, answerText, notYet } from './answer.ts';

/** What the documents are made of. Undefined stands for what has not been started yet. */
export interface DocumentSources {
  report: BoxReport;
  /** PEM of the certificate to trust. */
  certificate: string;
  /** PEM of the root that certificates of routes lead to. */
  root: () => Promise<string> | undefined;
  /** What Flux keeps in the cluster. */
  kustomizations: () => Promise<KustomizationList> | undefined;
  images: () => Promise<ImageList> | undefined;
  evidence: () => Promise<Evidence>;
  /** What dashboards in Git show; undefined while there is no cluster, null for one that is not there. */
  dashboards: {
    list(): Promise<DashboardList | undefined>;
    data(uid: string, hours: DashboardHours): Promise<DashboardData | null | undefined>;
  };
  audit: () => AuditLog | undefined;
  counters: Counters;
}

type Answer = (
  sources: DocumentSources,
  outgoing: ServerResponse,
  query: URLSearchParams,
) => void | Promise<void>;

/** Every document that anyone may read, by path. */
export const documents: Readonly<Record<string, Answer>> = {
  '/healthz': (_sources, outgoing) => answerText(outgoing, 200, 'ok\n'),
  '/metrics': ({ report, counters, audit }, outgoing) => {
    const sources = { status: report.snapshot(), counters, auditEntries: audit()?.size ?? null };
    answerBytes(outgoing, 200, contentType, exposition(metricFamilies(sources)));
  },
  '/v1/ca.pem': ({ certificate }, outgoing) =>
    answerBytes(outgoing, 200, 'application/x-pem-file', certificate),
  // The type by which browsers and phones offer to trust it.
  [rootCertificatePath]: async ({ root }, outgoing) => {
    const certificate = await root();
    if (certificate === undefined) notYet(outgoing);
    else answerBytes(outgoing, 200, 'application/x-x509-ca-cert', certificate);
  },
  '/v1/status': ({ report }, outgoing) => answerJson(outgoing, 200, report.snapshot()),
  '/v1/timeline.svg': ({ report }, outgoing) =>
    answerBytes(outgoing, 200, 'image/svg+xml', timelineSvg(report.snapshot())),
  '/v1/kustomizations': async ({ kustomizations }, outgoing) =>
    answerWhenThere(outgoing, await kustomizations()),
  '/v1/images': async ({ images }, outgoing) => answerWhenThere(outgoing, await images()),
  '/v1/evidence': async ({ evidence }, outgoing) => answerJson(outgoing, 200, await evidence()),
  '/v1/dashboards': async ({ dashboards }, outgoing) => answerWhenThere(outgoing, await dashboards.list()),
  '/v1/dashboard': async ({ dashboards }, outgoing, query) => {
    const asked = Number(query.get('hours') ?? '6');
    const hours = dashboardHours.find((one) => one === asked);
    if (hours === undefined)
      return answerText(outgoing, 400, `hours: expected one of ${dashboardHours.join(', ')}\n`);
    const data = await dashboards.data(query.get('uid') ?? '', hours);
    if (data === null) answerText(outgoing, 404, 'uid: expected a dashboard of /v1/dashboards\n');
    else answerWhenThere(outgoing, data);
  },
  '/v1/audit': async ({ audit }, outgoing, query) => {
    const log = audit();
    if (log === undefined) return notYet(outgoing);
    const from = firstEntry(query, log.size);
    if (from === null) answerText(outgoing, 400, 'from, last: expected a whole number\n');
    else answerJson(outgoing, 200, await log.read(from));
  },
};

/** `from=N`: entries from that on; `last=N`: the newest so many. */
function firstEntry(query: URLSearchParams, size: number): number | null {
  const last = query.get('last');
  const number = Number(last ?? query.get('from') ?? '0');
  if (!Number.isSafeInteger(number) || number < 0) return null;
  return last === null ? number : Math.max(0, size - number);
}

function answerWhenThere(outgoing: ServerResponse, document: unknown): void {
  if (document === undefined) notYet(outgoing);
  else answerJson(outgoing, 200, document);
}
