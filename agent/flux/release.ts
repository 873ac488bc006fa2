import type { KubeClient } from '../kube/client.ts';
import type { BoxReport } from '../report/report.ts';
import type { Publisher } from '../serve/artifacts/publisher.ts';
import type { Commit, GitRepository } from '../serve/git/repository.ts';
import { applySiteArtifact, setRevision } from './site-artifact.ts';

/**
 * Brings the repository's head to the cluster. Pushes may come at any time, also before there is a
 * cluster, and while an earlier one is still on its way: releases run one after another, each of the
 * head as it is then, so that the last one always is the newest.
 */
export class Release {
  readonly #repository: GitRepository;
  readonly #publisher: Publisher;
  readonly #report: BoxReport;
  #kube: KubeClient | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(repository: GitRepository, publisher: Publisher, report: BoxReport) {
    this.#repository = repository;
    this.#publisher = publisher;
    this.#report = report;
  }

  /** From now on the cluster is told of releases. Needs Flux's custom resource definitions there. */
  async connect(kube: KubeClient, signal: AbortSignal): Promise<Commit> {
    await applySiteArtifact(kube, signal);
    this.#kube = kube;
    return await this.publish(signal);
  }

  /** Publishes the head, and points the cluster to it. @throws what went wrong; a later release repairs it. */
  publish(signal: AbortSignal): Promise<Commit> {
    const done = this.#last.then(() => this.#publishHead(signal));
    this.#last = done.catch(() => {});
    return done;
  }

  async #publishHead(signal: AbortSignal): Promise<Commit> {
    const head = await this.#repository.head(signal);
    const artifact = await this.#publisher.publish(head, signal);
    this.#report.observe({ git: { ...this.#report.snapshot().git, head: head.id } });
    if (this.#kube !== undefined) await setRevision(this.#kube, artifact, signal);
    return head;
  }
}
