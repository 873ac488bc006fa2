import { scratchNamespace } from '../../../agent/postcheck/scratch.ts';
import type { KubeApi } from '../svid/kube-api.ts';
import { Rounds } from './rounds.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const status = (phase: string, state: object, imageID = `img@${DIGEST}`) => ({
  phase,
  containerStatuses: [
    { name: 'main', image: 'img', imageID, ready: false, restartCount: 0, started: false, state },
  ],
});

/** How a pod may come out. */
export const ends = {
  succeeded: status('Succeeded', { terminated: { exitCode: 0, reason: 'Completed' } }),
  failed: status('Failed', { terminated: { exitCode: 1, reason: 'Error', message: 'it said why' } }),
  refused: status('Pending', { waiting: { reason: 'ErrImagePull', message: 'not found' } }, ''),
  pulled: status('Running', { running: {} }),
};

/**
 * In the place of kubelet and provisioner, which this cluster has not: says of the post-check's own pods that they came
 * out as the test wants, and binds its claim to a volume of no content.
 */
export class Kubelet {
  readonly #kube: KubeApi;
  // What was just deleted, or a server that a test has stopped, is for the next round.
  readonly #rounds = new Rounds(() => this.#round());
  readonly outcomes: Record<string, keyof typeof ends> = {};

  constructor(kube: KubeApi) {
    this.#kube = kube;
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #round(): Promise<void> {
    const at = `/api/v1/namespaces/${scratchNamespace}`;
    const names = async (kind: string) =>
      (await this.#kube.client.get<{ items: { metadata: { name: string } }[] }>(`${at}/${kind}`)).items.map(
        ({ metadata }) => metadata.name,
      );
    for (const name of await names('persistentvolumeclaims'))
      await this.#bind(`${at}/persistentvolumeclaims/${name}`);
    for (const name of await names('pods')) {
      const usual = name === 'unbundled-image' ? 'refused' : 'succeeded';
      await this.#kube.client.patchStatus(`${at}/pods/${name}`, ends[this.outcomes[name] ?? usual]);
    }
  }

  async #bind(claim: string): Promise<void> {
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'probe-volume' },
      spec: {
        ...{ capacity: { storage: '1Mi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'local-path' },
        hostPath: { path: '/nowhere' },
      },
    };
    await this.#kube.client.apply('/api/v1/persistentvolumes/probe-volume', volume);
    await this.#kube.client.merge(claim, { spec: { volumeName: 'probe-volume' } });
  }
}
