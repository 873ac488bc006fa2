import { CpiabError } from '../../contract/errors.ts';
import { type Svid, workloadPath } from '../../contract/svid.ts';
import { TokenBuckets } from '../api/token-buckets.ts';
import { type AuditLog, theBox } from '../audit/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { type Authority, type Issued, lives } from '../pki/authority.ts';
import { checkRequest } from '../pki/request.ts';
import { reviewToken, type Workload } from './review.ts';

/** A pod asks twice an hour, and anew when its container starts again. */
const RATE = { burst: 10, perSecond: 1 / 60 };
const PODS_REMEMBERED = 16_384;

/** What workloads get their certificates by. */
export interface SvidSources {
  kube: Pick<KubeClient, 'create'>;
  authority: Authority;
  audit: Pick<AuditLog, 'record'>;
}

/** Gives workloads certificates for an hour, each to a key that it has made itself. */
export class SvidDesk {
  readonly #wall: () => number;
  readonly #pods = new TokenBuckets(RATE, PODS_REMEMBERED);
  /** Pods that the audit log names. */
  readonly #written = new Set<string>();

  /** @param wall milliseconds since the epoch. */
  constructor(wall: () => number) {
    this.#wall = wall;
  }

  /**
   * @param csr DER. @throws CpiabError E2502 for a request that names something, E2505, E2520 for a token that does not
   * count, E5520.
   */
  async issue(sources: SvidSources, token: string, csr: Buffer, signal: AbortSignal): Promise<Svid> {
    const { spki } = checkRequest(csr);
    const workload = await reviewToken(sources.kube, token, signal);
    const seconds = this.#pods.take(workload.pod.uid);
    if (seconds > 0) throw new CpiabError('E5520', { subject: subjectOf(workload), args: [String(seconds)] });
    const { authority } = sources;
    const path = workloadPath(workload.namespace, workload.account);
    const issued = await authority.issue(path, spki, lives.workload);
    await this.#write(sources.audit, workload, issued);
    const { certificate, chain, root, notAfter } = issued;
    return {
      ...{ apiVersion: 'cpiab.dev/v1', kind: 'Svid', id: `spiffe://${authority.trustDomain}/${path}` },
      ...{ certificate, chain, root },
      expires: new Date(notAfter).toISOString(),
      now: new Date(this.#wall()).toISOString(),
    };
  }

  /** The log has each pod's first certificate since the agent started: one for each renewal would fill the disk in a year. */
  async #write(audit: SvidSources['audit'], workload: Workload, { serial }: Issued): Promise<void> {
    const { name, uid } = workload.pod;
    if (this.#written.has(uid)) return;
    const detail = `certificate ${serial} and those that follow it, for pod ${name} ${uid}`;
    const subject = subjectOf(workload);
    await audit.record({ who: theBox, action: 'issue', subject, outcome: 'done', detail });
    if (this.#written.size >= PODS_REMEMBERED) this.#written.clear();
    this.#written.add(uid);
  }
}

const subjectOf = ({ namespace, account }: Workload) => `workload ${workloadPath(namespace, account)}`;
