import { createHash } from 'node:crypto';
import type { DocumentSources } from '../../../agent/api/documents.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import type { AuditEvent } from '../../../contract/audit-log.ts';
import { nothingDropped } from '../../../contract/firewall.ts';
import type { ImageList, KustomizationList } from '../../../contract/status.ts';
import { waving } from './dashboards.ts';

/** A moment in a box's life: what it reports, and what it tells of its cluster. */
export interface Scene {
  report: BoxReport;
  documents: Partial<DocumentSources>;
  audit: AuditEvent[];
}

const steps = ['verify', 'serve', 'engine', 'flux', 'converge'] as const;
const head = '8c1f5f2b7d0e4a6c9b3d2e1f0a5b6c7d8e9f0a1b';
const before = '1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6';
const identity = {
  id: '0b9c6a52-6d0f-4a3e-9a51-0c4f6f1f2a77',
  version: head,
  sequence: 412,
  state: 'disk',
  firmware: 'secure-boot',
} as const;
const evidence: Record<string, [number, number, string]> = {
  verify: [6200, 4100, 'sequence 412, signed by 5E1D0C3B2A190807; 48 files, 310 MiB match'],
  serve: [10_300, 1900, '11 images, Git at 8c1f5f2b7d0e'],
  engine: [12_200, 31_400, 'Kubernetes v1.36.3, node cpiab is registered'],
  flux: [43_600, 5200, 'kustomize-controller runs, the root is there'],
  converge: [48_800, 22_700, '4 of 4 Kustomizations ready'],
};
const images = [
  'coredns:1.14.2',
  'etcd:3.6.5',
  'kube-apiserver:v1.36.3',
  'kustomize-controller:v1.8.1',
  'syncthing:2.0.13',
];
const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A report that has come so far, by a clock that the scene moves. */
function reportAt(done: number): { report: BoxReport; moveTo: (ms: number) => void } {
  let now = 0;
  const report = new BoxReport(steps, () => now, 'lab');
  report.set(identity);
  report.observe({ memory: { used: 1_240_000_000, total: 4_100_000_000 } });
  for (const name of steps.slice(0, done)) {
    const [began, took, text] = evidence[name] ?? [0, 0, ''];
    now = began;
    report.begin(name);
    now = began + took;
    report.done(name, text);
  }
  return { report, moveTo: (ms) => (now = ms) };
}

const bundle = {
  manifest: digest('manifest'),
  key: '5E1D0C3B2A190807',
  siteKey: 'RWQHCBkqOwwdXlqvJ0p8mQ3Yd1r0m6lq1cJmXr3x0h2m8sYb0Zt9kQ4V',
  sequence: 412,
  revision: head,
  expires: Date.UTC(2027, 10, 22) / 1000,
  blobs: 173,
  bytes: 325_000_000,
};
const evidenceOf = (verified: boolean): Partial<DocumentSources> => ({
  evidence: async () => ({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Evidence',
    bundle: verified ? bundle : null,
    fingerprint: '4f1c'.repeat(16),
    audit: null,
  }),
});

function kustomizations(applied: string | null, blocking: string | null): KustomizationList {
  const names = ['flux-system/cluster', 'flux-system/flux', 'flux-system/storage', 'flux-system/syncthing'];
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'KustomizationList',
    kustomizations: names.map((name, index) => ({
      name,
      path: `./cluster/kubernetes/${index === 0 ? 'flux/lab' : `apps/${name.split('/')[1]}`}`,
      applied: index === 3 && blocking !== null ? before : applied,
      blocking: index === 3 ? blocking : null,
      objects: Array.from({ length: 3 + index * 4 }, (_, each) => `ConfigMap/x/${each}`),
    })),
  };
}

function imageList(running: boolean | null): ImageList {
  const listed = images.map((name) => ({
    reference: `cpiab.dev/oci/${name}`,
    digest: digest(name),
    running,
  }));
  return { apiVersion: 'cpiab.dev/v1', kind: 'ImageList', images: listed };
}

const alice = { name: 'alice', fingerprint: 'AB:CD' };
const audit: AuditEvent[] = [
  { who: { name: 'box', fingerprint: null }, action: 'start', subject: 'agent', outcome: 'done', detail: '' },
  {
    who: alice,
    action: 'sign-in',
    subject: 'operator certificate',
    outcome: 'done',
    detail: 'from 192.0.2.14',
  },
  { who: alice, action: 'push', subject: 'lab.git', outcome: 'begun', detail: `main is at ${before}` },
  {
    who: alice,
    action: 'push',
    subject: 'lab.git',
    outcome: 'done',
    detail: `main went from ${before} to ${head}`,
  },
];

function ready(): Scene {
  const { report, moveTo } = reportAt(5);
  report.ready();
  moveTo(3_720_000);
  report.observe({
    git: { head, applied: head },
    flux: { ready: 4, total: 4, blocking: [] },
    nodes: [{ name: 'cpiab', ready: true, version: 'v1.36.3' }],
    images: { running: 11, notInBundle: [] },
  });
  const documents: Scene['documents'] = {
    ...evidenceOf(true),
    kustomizations: async () => kustomizations(head, null),
    images: async () => imageList(true),
  };
  return { report, documents, audit };
}

/** Scenes by name, in the order of a boot. */
export const scenes: Record<string, () => Scene> = {
  booting: () => {
    const { report, moveTo } = reportAt(2);
    report.begin('engine');
    moveTo(27_400);
    report.progress('engine', 'waiting for the API server');
    report.observe({ git: { head, applied: null } });
    const list = imageList(null);
    return { report, documents: { ...evidenceOf(true), images: async () => list }, audit: audit.slice(0, 1) };
  },
  stopped: () => {
    const { report, moveTo } = reportAt(0);
    moveTo(6200);
    report.begin('verify');
    report.set({ sequence: 0, version: '' });
    moveTo(9700);
    const problem = 'live/20-engine.squashfs: the content does not match its digest';
    const nextAction =
      'it is damaged or was changed: copy it again from a good source, or only what is bad with `./cpiab repair`';
    report.failed('verify', { problem, nextAction }, true);
    return { report, documents: evidenceOf(false), audit: audit.slice(0, 1) };
  },
  ready,
  collecting: () => {
    const { report, documents } = ready();
    const alert = { runbook: '', since: '2026-11-22T04:20:51Z', suppressed: false };
    report.observe({
      alerts: {
        firing: [
          {
            ...alert,
            ...{ name: 'DiskReadOnly', severity: 'critical', runbook: 'docs/operate/alerts.md#diskreadonly' },
            summary: 'The data partition of cpiab takes nothing any more',
          },
          { ...alert, name: 'MemoryLow', severity: 'warning', summary: '<b>4 %</b> left', suppressed: true },
        ],
        problem: '',
      },
    });
    return { report, documents: { ...documents, dashboards: waving }, audit };
  },
  'held back': () => {
    const { report, documents } = ready();
    const reason =
      'container syncthing: ImagePullBackOff: cpiab.dev/oci/syncthing:2.0.14 is not in the bundle';
    const blocking = [
      { object: 'Pod/syncthing/syncthing-6d9f7c7c9-x2v5k', reason },
      {
        object: 'Kustomization/flux-system/syncthing',
        reason: 'HealthCheckFailed: Deployment/syncthing/syncthing is not ready',
      },
    ];
    report.observe({
      git: { head, applied: before },
      flux: { ready: 3, total: 4, blocking },
      images: { running: 11, notInBundle: ['docker.io/library/nginx@sha256:4c0f'] },
      dropped: { ...nothingDropped, podEgress: 17, chatter: 250, port: 12 },
      podNetwork: {
        ...{ backend: 'vxlan', nodes: 2, policies: 6, isolatedPods: 1 },
        ...{ denied: { ingress: 11, egress: 1 }, problem: '' },
      },
    });
    const held = blocking[1]?.reason ?? '';
    return {
      report,
      documents: { ...documents, kustomizations: async () => kustomizations(head, held) },
      audit,
    };
  },
};
