import { stringify } from 'yaml';
import type { PlannedApp } from './planned-app.ts';
import { deployment, networkPolicy, service } from './workload-files.ts';

/** Files of a new app's folder, by name. They keep every rule for Git as they are. */
export function appFiles(app: PlannedApp): Map<string, string> {
  const volume: [string, string][] = app.data === undefined ? [] : [['volume.yaml', claim(app.name)]];
  const page: [string, string][] =
    app.image === undefined ? [['web/index.html', `hello from ${app.name}\n`]] : [];
  return new Map([
    ['app.yaml', appDocument(app)],
    ['kustomization.yaml', kustomization(app)],
    ['namespace.yaml', namespace(app.name)],
    ['network-policy.yaml', networkPolicy(app)],
    ...volume,
    ['deployment.yaml', deployment(app)],
    ['service.yaml', service(app)],
    ...page,
    ['README.md', readme(app)],
  ]);
}

const appDocument = ({ name, title, owner, bundle, supply, port, path, data }: PlannedApp) => `\
apiVersion: cpiab.dev/v1
kind: App
name: ${name}
title: ${scalar(title)}
owner: ${scalar(owner)}
bundle: ${bundle}
supply: ${supply}
health:
  service: ${name}
  port: ${port}
  path: ${scalar(path)}
internet: none
backup: ${data === undefined ? 'none' : 'data'}
`;

const kustomization = ({ name, image, data }: PlannedApp) => `\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - namespace.yaml
  - network-policy.yaml
${data === undefined ? '' : '  - volume.yaml\n'}\
  - deployment.yaml
  - service.yaml
${
  image === undefined
    ? `configMapGenerator:
  - name: web
    namespace: ${name}
    files:
      - web/index.html
`
    : ''
}`;

const namespace = (name: string) => `\
apiVersion: v1
kind: Namespace
metadata:
  name: ${name}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

const claim = (name: string) => `\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: ${name}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: local-path
  resources:
    requests:
      storage: 1Gi
`;

/** What a site runs: the Flux Kustomization of the app's folder. */
export const fluxKustomization = ({ name, data }: PlannedApp) => `\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
${data === undefined ? '' : '  dependsOn:\n    - name: storage\n'}\
  path: ./cluster/kubernetes/apps/${name}
  sourceRef:
    apiVersion: source.toolkit.fluxcd.io/v1
    kind: ExternalArtifact
    name: site
  prune: true
  wait: true
  interval: 5m
  retryInterval: 10s
  timeout: 5m
`;

const readme = ({ name, title, port, path, data }: PlannedApp) => `\
# ${title}

${data === undefined ? 'It keeps nothing.' : `What it writes below \`${data}\` is on the claim \`data\`.`} Nobody reaches it but pods of its own namespace: \`network-policy.yaml\` says who may.

\`\`\`
kubectl -n ${name} port-forward svc/${name} ${port}
\`\`\`

Then it answers at <http://127.0.0.1:${port}${path}>.
`;

/** A text as YAML writes it: quoted where it must be. */
const scalar = (text: string) => stringify(text, { lineWidth: 0 }).trimEnd();
