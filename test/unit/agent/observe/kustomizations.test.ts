import { describe, expect, test } from 'vitest';
import { describeKustomizations, type Kustomization } from '../../../../agent/observe/kustomizations.ts';
import { KustomizationListSchema } from '../../../../contract/status.ts';

const COMMIT = 'a'.repeat(40);
const revision = `main@sha1:${COMMIT}`;

const kustomization = (status: Kustomization['status']): Kustomization =>
  ({
    metadata: { name: 'apps', namespace: 'flux-system', generation: 2 },
    spec: { path: './cluster/kubernetes/apps' },
    ...(status === undefined ? {} : { status }),
  }) as Kustomization;

describe('describeKustomizations', () => {
  test('names objects as people do, sorted, and the commit they come from', () => {
    const list = describeKustomizations(
      [
        kustomization({
          observedGeneration: 2,
          lastAppliedRevision: revision,
          conditions: [{ type: 'Ready', status: 'True' }],
          inventory: {
            entries: [
              { id: 'syncthing_data__PersistentVolumeClaim' },
              { id: '_system__node_rbac.authorization.k8s.io_ClusterRole' },
              { id: 'syncthing_syncthing_apps_Deployment' },
            ],
          },
        }),
      ],
      revision,
    );
    expect(KustomizationListSchema.parse(list).kustomizations).toEqual([
      {
        name: 'flux-system/apps',
        path: './cluster/kubernetes/apps',
        applied: COMMIT,
        blocking: null,
        objects: [
          'ClusterRole/system:node',
          'Deployment/syncthing/syncthing',
          'PersistentVolumeClaim/syncthing/data',
        ],
      },
    ]);
  });

  test('says what holds one back that Flux has not seen', () => {
    const [only] = describeKustomizations([kustomization(undefined)], revision).kustomizations;
    expect(only).toMatchObject({ applied: null, blocking: 'Flux has not looked at it yet', objects: [] });
  });
});
