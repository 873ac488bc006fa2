import { messageOf } from '../../contract/message-of.ts';
import type { KubeClient } from '../kube/client.ts';
import type { BoxReport } from '../report/report.ts';
import type { Publisher } from '../serve/artifacts/publisher.ts';
import type { Commit, GitRepository } from '../serve/git/repository.ts';
import { applySiteArtifact, setRevision } from './site-artifact.ts';

/** Between two tries of a release that failed. */
const RETRY_MS = 5000;

/**
 * Brings the repository's head to the cluster. Pushes may come at any time, also before there is a
 * cluster, and while an earlier one is still on its way: releases run one after another, each of the
 * head as it is then, so that the last one always is the newest. One that fails is tried again.
 */
export class Release {
  readonly #repository: GitRepository;
  readonly #publisher: Publisher;
  readonly #report: BoxReport;
  #kube: KubeClient | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** The commit that was published last, and told to the cluster when there is one. */
  #released: string | undefined;
  #retry: NodeJS.Timeout | undefined;

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

  /** Publishes the head, and points the cluster to it. @throws what went wrong; it is tried again. */
  publish(signal: AbortSignal): Promise<Commit> {
    const done = this.#last.then(() => this.#publishHead(signal));
    this.#last = done.catch(() => this.#tryAgain(signal));
    return done;
  }

  /** Publishes the head after a push, and says to who pushed how far it came. */
  async publishPush(signal: AbortSignal): Promise<string> {
    try {
      const { id } = await this.publish(signal);
      return this.#kube === undefined
        ? `kept ${id.slice(0, 12)}; Flux gets it as soon as the cluster is there`
        : `published ${id.slice(0, 12)}; Flux is applying it: ./cpiab status --watch`;
    } catch (error) {
      const why = messageOf(error);
      return `kept, but not published yet: ${why}; the box tries again by itself`;
    }
  }

  /** Publishes the head unless that was done. */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#last;
    if ((await this.#repository.head(signal)).id !== this.#released)
      await this.publish(signal).catch(() => {});
  }

  #tryAgain(signal: AbortSignal): void {
    clearTimeout(this.#retry);
    if (signal.aborted) return;
    this.#retry = setTimeout(() => void this.publish(signal).catch(() => {}), RETRY_MS);
    this.#retry.unref();
  }

  async #publishHead(signal: AbortSignal): Promise<Commit> {
    const head = await this.#repository.head(signal);
    const artifact = await this.#publisher.publish(head, signal);
    this.#report.observe({ git: { ...this.#report.snapshot().git, head: head.id } });
    if (this.#kube !== undefined) await setRevision(this.#kube, artifact, signal);
    this.#released = head.id;
    return head;
  }
}
