import { box } from '../contract/layout.ts';
import type { Digest, Manifest } from '../contract/manifest.ts';
import type { BoxSite } from '../contract/site.ts';
import type { ApiIdentity } from './api/identity.ts';
import type { AuditLog } from './audit/log.ts';
import type { Recovery } from './console/recovery.ts';
import type { Discovery } from './discover/discovery.ts';
import type { Engine, StartedServer } from './engine/engine.ts';
import type { Enrollment } from './enroll/enrollment.ts';
import type { Expander } from './expand/expander.ts';
import type { Release } from './flux/release.ts';
import type { DiskQuestion } from './install/question.ts';
import type { KubeClient } from './kube/client.ts';
import type { Peers } from './members/peers.ts';
import { Counters } from './metrics/counters.ts';
import type { Serving } from './node/roster.ts';
import { LastFound } from './observe/last-found.ts';
import type { Authority } from './pki/authority.ts';
import type { BoxReport, Problem } from './report/report.ts';
import type { Seal } from './seal.ts';
import type { GitRepository } from './serve/git/repository.ts';
import type { Served } from './serve/served.ts';
import type { Updater } from './update/updater.ts';
import type { BlobCheck } from './verify/blobs.ts';

/** Directories and files of a box; tests give others. */
export type Paths = { readonly [Name in Exclude<keyof typeof box, 'programs'>]: string };

/** What the steps find out, in the order in which they do. */
export interface Facts {
  /** Open since before the first step, unless the disk refuses. */
  audit: AuditLog;
  /** What the API shows of itself. */
  identity: ApiIdentity;
  /** Signs the box's own records. */
  seal: Seal;
  /** CPiaB's own; there when the audit log is. */
  authority: Authority;
  /** Takes machines in as nodes; there when the audit log is. */
  enrollment: Enrollment;
  /** Makes pools of the site grow; there when enrolment is. */
  expander: Expander;
  /** The firewall's door for nodes; on a box. */
  peers: Peers;
  /** There where the box runs from a disk. */
  updater: Updater;
  /** The recovery passphrase that this start made, if it made one. */
  recovery: Recovery;
  /** There while a person is to name the disk to install to. */
  question: DiskQuestion;
  /** Signature and sequence are good. */
  manifest: Manifest;
  /** The manifest's own digest, and the key that signed it. */
  signed: { digest: Digest; key: string };
  /** Tells for each blob when its content is known to be good. */
  blobs: BlobCheck;
  git: GitRepository;
  release: Release;
  /** Images for members of the cluster; on a further control plane. */
  serving: Serving;
  served: Served;
  engine: Engine;
  server: StartedServer;
  kube: KubeClient;
  /** There from the end of the boot on, unless the site wants none. */
  discovery: Discovery;
  /** Tells when the backups that the site wants are not made. */
  overdue: () => Problem | null;
}

/**
 * What one boot knows. A step puts up facts; a later one takes them, and may begin early by waiting
 * for just those it needs. A fact is put up once.
 */
export class Board {
  readonly site: BoxSite;
  readonly paths: Paths;
  readonly report: BoxReport;
  readonly counters = new Counters();
  readonly lastFound = new LastFound();
  /** Ends the agent, so that its next start puts right what went wrong. */
  readonly abandon: (why: unknown) => void;
  readonly #facts: Partial<Facts> = {};
  readonly #waiting = new Map<keyof Facts, ((fact: never) => void)[]>();

  constructor(site: BoxSite, report: BoxReport, abandon: (why: unknown) => void, paths: Paths = box) {
    this.site = site;
    this.report = report;
    this.abandon = abandon;
    this.paths = paths;
  }

  put<Name extends keyof Facts>(name: Name, fact: Facts[Name]): void {
    this.#facts[name] = fact;
    for (const resolve of this.#waiting.get(name) ?? []) resolve(fact as never);
    this.#waiting.delete(name);
  }

  /** A fact that an earlier step has put up. @throws Error when the order of the steps is wrong. */
  get<Name extends keyof Facts>(name: Name): Facts[Name] {
    const fact = this.#facts[name];
    if (fact === undefined) throw new Error(`no step has put up "${name}" yet`);
    return fact as Facts[Name];
  }

  peek<Name extends keyof Facts>(name: Name): Facts[Name] | undefined {
    return this.#facts[name];
  }

  /** The fact as soon as it is there; never, when the step that finds it fails. */
  when<Name extends keyof Facts>(name: Name): Promise<Facts[Name]> {
    const fact = this.#facts[name];
    if (fact !== undefined) return Promise.resolve(fact as Facts[Name]);
    return new Promise((resolve) => {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve as (fact: never) => void]);
    });
  }
}
