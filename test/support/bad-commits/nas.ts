import { add, app, type BadCommit, both, change, deployment, egress } from './bad-commit.ts';

/** A volume on a NAS. */
const onNas = (server: string, path: string) =>
  add({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'bad' },
    spec: { nfs: { path, server } },
  });

/** Commits that break the rules of volumes on a NAS. */
export const badNasCommits: BadCommit[] = [
  [
    'a volume of a path that the NAS does not export',
    'nfs-path',
    `${app}/bad.yaml:7`,
    both(egress('192.168.1.20'), onNas('192.168.1.20', '/volume1/database')),
  ],
  [
    'a volume of a pod that the NAS does not export',
    'nfs-path',
    `${deployment}:89`,
    both(
      egress('192.168.1.20'),
      change(
        deployment,
        '      volumes:\n',
        '      volumes:\n        - name: nas\n          nfs: { server: 192.168.1.20, path: / }\n',
      ),
    ),
  ],
  [
    'a volume on a server that the box may not reach',
    'nfs-egress',
    `${app}/bad.yaml:8`,
    onNas('192.168.1.20', '/volume1/data'),
  ],
  [
    'a volume on one of many servers that the box may reach',
    'nfs-egress',
    `${app}/bad.yaml:8`,
    both(egress('192.168.1.0/24'), onNas('192.168.1.20', '/volume1/data')),
  ],
];
