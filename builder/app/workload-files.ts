import { stringify } from 'yaml';
import type { PlannedApp } from './planned-app.ts';

/** The app's Deployment: one container that runs as nobody and can write to its volumes only. */
export const deployment = (app: PlannedApp) => `\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${app.name}
  namespace: ${app.name}
  labels:
    app.kubernetes.io/name: ${app.name}
spec:
  replicas: 1
${app.data === undefined ? '' : '  # Two at once would write to the same volume.\n  strategy:\n    type: Recreate\n'}\
  selector:
    matchLabels:
      app.kubernetes.io/name: ${app.name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${app.name}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65534
        runAsGroup: 65534
        fsGroup: 65534
        seccompProfile:
          type: RuntimeDefault
      containers:
${container(app)}\
${volumes(app)}`;

const container = ({ name, reference, image, port, path, data }: PlannedApp) => `\
        - name: ${name}
          image: ${reference}
          imagePullPolicy: IfNotPresent
${image === undefined ? `          command: [busybox, httpd, -f, -p, '${port}', -h, /web]\n` : ''}\
          ports:
            - { name: http, containerPort: ${port} }
          startupProbe:
            httpGet: &health { path: ${JSON.stringify(path)}, port: http }
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 150
          readinessProbe:
            httpGet: *health
            periodSeconds: 5
            timeoutSeconds: 5
          livenessProbe:
            httpGet: *health
            periodSeconds: 20
            timeoutSeconds: 10
            failureThreshold: 6
          resources:
            requests: { cpu: 10m, memory: 32Mi }
            limits: { memory: 128Mi }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
${image === undefined ? '            - { name: web, mountPath: /web, readOnly: true }\n' : ''}\
${data === undefined ? '' : `            - { name: data, mountPath: ${stringify(data).trimEnd()} }\n`}`;

const volumes = ({ image, data }: PlannedApp) => `\
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
${image === undefined ? '        - name: web\n          configMap:\n            name: web\n' : ''}\
${data === undefined ? '' : '        - name: data\n          persistentVolumeClaim:\n            claimName: data\n'}`;

export const service = ({ name, port }: PlannedApp) => `\
apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: ${name}
  labels:
    app.kubernetes.io/name: ${name}
spec:
  selector:
    app.kubernetes.io/name: ${name}
  ports:
    - { name: http, port: ${port}, targetPort: http }
`;

export const networkPolicy = ({ name, port }: PlannedApp) => `\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: ${name}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
# Who may reach it: pods of its own namespace. The kubelet's probes come from the pod's own node, which
# every policy lets through. It reaches nobody, no DNS either.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  namespace: ${name}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
      ports:
        - { protocol: TCP, port: ${port} }
`;
