import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fit } from '../../../agent/backup/stage.ts';
import { run } from '../../../host/process.ts';

/** The box that backups of these tests fit. */
export const fit: Fit = {
  site: 'lab',
  engine: { kind: 'kubeadm', version: 'v1.36.3' },
  sequence: 7,
  checkSnapshot: async () => {},
  landing: null,
};

/** Files of a box: cluster's keys, its own, as the state tree has them. @param word makes them differ. */
export async function fillState(state: string, word: string): Promise<void> {
  const files = {
    'kubernetes/pki/ca.key': `cluster authority of ${word}`,
    'kubernetes/admin.conf': `kubeconfig of ${word}`,
    'kubelet/pki/kubelet.crt': `kubelet of ${word}`,
    'kubelet/config.yaml': 'kind: KubeletConfiguration',
    'etcd/member/snap/db': `store of ${word}`,
    'containerd/meta.db': `containers of ${word}`,
    'tls/api.key': `key of ${word}`,
    'audit/log': `{"index":0,"by":"${word}"}\n`,
    'box-id': `${word}\n`,
    'engine-initialised': 'yes\n',
    sequence: `${word}\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(state, name, '..'), { recursive: true });
    await writeFile(join(state, name), text, { mode: 0o600 });
  }
}

/** A volume with whatever file systems can do. Needs root. */
export async function fillVolume(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const script = `
    set -e
    mkdir -p -- deep/er empty -dash 'new
line'
    echo data > deep/er/file; ln deep/er/file hard; ln -s ../nowhere deep/link; ln -s /etc/passwd absolute
    echo x > 'new
line/f'; echo y > ./-dash/-f
    truncate -s 8M holes; echo end | dd of=holes bs=1 seek=5000000 conv=notrunc status=none
    mkfifo pipe; chown 1000:1001 deep/er/file; chown -h 1234:1234 deep/link
    chmod 4755 ./-dash/-f; chmod 2770 deep; chmod 0000 hard; touch -d 2001-02-03T04:05:06.789 empty
    setfattr -n user.origin -v here deep/er/file 2>/dev/null || python3 -c 'import os; os.setxattr("deep/er/file", "user.origin", b"here")'
  `;
  await run(['sh', '-c', script], { cwd: directory });
}

/** One hash of all that a tree is: names, content, owners, modes, times, links, attributes. */
export async function hashOfTree(directory: string, names: readonly string[]): Promise<string> {
  const options = [
    '--sort=name',
    '--format=pax',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  ];
  const kept = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
  const { stdout } = await run([
    'sh',
    '-c',
    'tar --create "$@" | sha256sum',
    'tar',
    ...options,
    ...kept,
    '--directory',
    directory,
    '--',
    ...names,
  ]);
  return stdout;
}
