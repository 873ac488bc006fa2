import { readFile } from 'node:fs/promises';
import { both, change, encryptedSecret, fluxFolder, type Make, write } from './bad-commit.ts';

const folder = 'cluster/kubernetes/secrets/lab/syncthing';

/** A Secret of Syncthing in site lab as `cpiab secrets render` leaves it, and components beside it. */
export const renderedSecret = (name: string, ...components: string[]): Make =>
  both(
    change(
      `${fluxFolder}/syncthing.yaml`,
      '  prune: true\n',
      `  components: [${[...components, '../../secrets/lab/syncthing'].join(', ')}]\n  decryption: { provider: sops, secretRef: { name: sops-age } }\n  prune: true\n`,
    ),
    write(
      `${folder}/kustomization.yaml`,
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [secret.yaml]\n',
    ),
    async (work) => {
      const text = await readFile(encryptedSecret, 'utf8');
      await write(`${folder}/secret.yaml`, text.replace('name: good', `name: ${name}`))(work);
    },
  );
