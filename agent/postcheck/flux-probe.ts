import type { KubeClient, KubeObject } from '../kube/client.ts';
import { KubeError } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';
import { until } from '../until.ts';
import { fail, type Outcome, pass, unknown } from './outcome.ts';
import { patient } from './patient.ts';
import type { FluxSource } from './probe.ts';
import { scratchNamespace } from './scratch.ts';

const LIMIT_MS = patient(60_000);

const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: scratchNamespace },
  data: { from: 'git' },
});
const kept = configMap('kept');
const removed = configMap('removed');

function filesOf(...objects: KubeObject[]): Record<string, string> {
  const names = objects.map(({ metadata }) => `${metadata.name}.json`);
  const index = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: names };
  const files = objects.map((object, position) => [names[position], JSON.stringify(object)]);
  return { 'kustomization.yaml': JSON.stringify(index), ...Object.fromEntries(files) };
}

interface ProbeParts {
  source: FluxSource;
  kube: KubeClient;
  scratch: () => Promise<void>;
  signal: AbortSignal;
}

/** A commit with two objects, one of them changed by hand, and a commit without the other: in this order, each once. */
export class FluxProbe {
  readonly #source: FluxSource;
  readonly #kube: KubeClient;
  readonly #scratch: () => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #limitMs: number;
  #applied: Promise<Outcome> | undefined;
  #reverted: Promise<Outcome> | undefined;

  /** @param limitMs what a commit may take to be applied, and a change by hand to be taken back. */
  constructor({ source, kube, scratch, signal }: ProbeParts, limitMs: number = LIMIT_MS) {
    this.#limitMs = limitMs;
    this.#source = source;
    this.#kube = kube;
    this.#scratch = scratch;
    this.#signal = signal;
  }

  applied(): Promise<Outcome> {
    this.#applied ??= this.#apply();
    return this.#applied;
  }

  reverted(): Promise<Outcome> {
    this.#reverted ??= this.#whenApplied(() => this.#revert());
    return this.#reverted;
  }

  async pruned(): Promise<Outcome> {
    await this.reverted();
    return await this.#whenApplied(() => this.#prune());
  }

  async #whenApplied(look: () => Promise<Outcome>): Promise<Outcome> {
    return (await this.applied()).result === 'pass' ? await look() : unknown('the probe was not applied');
  }

  async #apply(): Promise<Outcome> {
    await this.#scratch();
    const why = await this.#source.apply(filesOf(kept, removed), this.#limitMs, this.#signal);
    return why === null ? pass('a probe was applied') : fail(`not within ${this.#limitMs / 1000} s: ${why}`);
  }

  async #revert(): Promise<Outcome> {
    const path = objectPath(kept);
    await this.#kube.merge(path, { data: { from: 'hand' } }, this.#signal);
    const isBack = async () =>
      (await this.#kube.get<{ data: { from: string } }>(path, this.#signal)).data.from === 'git';
    return (await this.#inTime(isBack))
      ? pass('a value changed by hand was taken back')
      : fail(`a value changed by hand was still there after ${this.#limitMs / 1000} s`);
  }

  async #prune(): Promise<Outcome> {
    const why = await this.#source.apply(filesOf(kept), this.#limitMs, this.#signal);
    if (why !== null) return fail(`the commit was not applied within ${this.#limitMs / 1000} s: ${why}`);
    const isGone = () =>
      this.#kube.get(objectPath(removed), this.#signal).then(
        () => false,
        (error: unknown) => {
          if (error instanceof KubeError && error.status === 404) return true;
          throw error;
        },
      );
    return (await this.#inTime(isGone))
      ? pass('what a commit no longer has was removed')
      : fail(`what a commit no longer has was still there after ${this.#limitMs / 1000} s`);
  }

  async #inTime(isSo: () => Promise<boolean>): Promise<boolean> {
    const patience = AbortSignal.timeout(this.#limitMs);
    let found = false;
    await until(async () => {
      found = await isSo();
      return found || patience.aborted;
    }, this.#signal);
    return found;
  }
}
