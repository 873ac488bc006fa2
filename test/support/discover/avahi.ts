import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inside } from './lan.ts';

interface Announced {
  host: string;
  /** Of the group of services; `%h` is the host. */
  name: string;
  services: readonly { type: string; port: number; text?: string }[];
}

const group = ({ name, services }: Announced) => `<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name replace-wildcards="yes">${name}</name>
${services
  .map(
    ({ type, port, text }) =>
      `<service><type>${type}</type><port>${port}</port>${text === undefined ? '' : `<txt-record>${text}</txt-record>`}</service>`,
  )
  .join('\n')}
</service-group>
`;

const settings = (host: string) => `[server]
host-name=${host}
allow-interfaces=eth0
enable-dbus=no
`;

/** Debian's avahi-daemon as a host in a namespace, with files of its own. It is up when its names are its own. */
export async function startAvahi(
  namespace: string,
  directory: string,
  announced: Announced,
): Promise<ChildProcess> {
  const services = join(directory, 'services');
  await mkdir(services, { recursive: true });
  await writeFile(join(services, 'test.service'), group(announced));
  const config = join(directory, 'avahi.conf');
  await writeFile(config, settings(announced.host));
  const boot = `set -e
mount --bind "$1" /etc/avahi/services
mkdir -p /run/avahi-daemon
mount -t tmpfs none /run/avahi-daemon
exec avahi-daemon --file="$2" --no-drop-root --no-chroot --no-proc-title`;
  const argv = ['netns', 'exec', namespace, 'unshare', '--mount', 'sh', '-c', boot, 'sh', services, config];
  const child = spawn('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr }))
    if (line.includes('successfully established')) break;
  child.stderr.resume();
  return child;
}

export async function stopAvahi(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}

/** With a bus and a daemon of its own, which have just been started: nothing is known yet. */
const BROWSE = `
for at in /run/avahi-daemon /run/dbus; do mkdir -p $at; mount -t tmpfs none $at; done
dbus-daemon --system --nofork --nopidfile 2>/dev/null &
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
avahi-daemon --file="$1" --no-drop-root --no-chroot --no-proc-title 2>/dev/null &
sleep 3
date +%s%3N
avahi-browse --all --resolve --terminate --parsable
date +%s%3N`;

/** What avahi-browse finds from a namespace, a line each as `--parsable` has it, and the milliseconds it took. */
export async function browseWithAvahi(
  namespace: string,
  directory: string,
): Promise<{ tookMs: number; lines: string[] }> {
  const config = join(directory, 'browse.conf');
  await writeFile(config, '[server]\nhost-name=browser\nallow-interfaces=eth0\nenable-dbus=yes\n');
  const argv = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', BROWSE, 'sh', config];
  const lines = (await inside(namespace, argv)).trim().split('\n');
  return { tookMs: Number(lines.at(-1)) - Number(lines[0]), lines };
}
