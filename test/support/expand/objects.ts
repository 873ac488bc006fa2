const namespace = 'payments';

/** Pods that sleep, and would like to be in a pool. Without a network of their own, which these hosts do not give them. */
export function deployment(app: string, replicas: number, pool: string): string {
  const labels = { app };
  const matchExpressions = [{ key: 'cpiab.dev/pool', operator: 'In', values: [pool] }];
  const preferred = [{ weight: 100, preference: { matchExpressions } }];
  const spec = {
    ...{ hostNetwork: true, automountServiceAccountToken: false, terminationGracePeriodSeconds: 1 },
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
    tolerations: [{ key: 'example.org/slow', operator: 'Exists' }],
    containers: [{ name: 'main', image: `cpiab.dev/test/${app}:1`, imagePullPolicy: 'Never' }],
  };
  return JSON.stringify({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: app, namespace } },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
}

export function disruptionBudget(app: string, minAvailable: number): string {
  return JSON.stringify({
    ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: app, namespace } },
    spec: { minAvailable, selector: { matchLabels: { app } } },
  });
}
