import type { ProbeName } from '../../../contract/discover-policy.ts';
import { dnsQuestion, isDnsAnswer, nfsDetail, nfsNull, smbDetail, smbNegotiate } from './greetings.ts';
import { type HttpAnswer, httpRequest, parseHttp, titleOf } from './http.ts';

/** One question to one port. */
export interface Probe {
  name: ProbeName;
  port: number;
  tls: boolean;
  say: (address: string) => Buffer;
  /** What the service says of itself; null where the answer is not that of such a service. */
  recognise: (answer: Buffer) => string | null;
}

const nothing = () => Buffer.alloc(0);

const web = (
  name: ProbeName,
  port: number,
  [path, tls]: readonly [string, boolean],
  recognise: (answer: HttpAnswer) => string | null,
): Probe => ({
  ...{ name, port, tls },
  say: (address) => httpRequest(path, address),
  recognise: (bytes) => {
    const answer = parseHttp(bytes);
    return answer === null ? null : recognise(answer);
  },
});

const plain = (
  name: ProbeName,
  port: number,
  say: Buffer,
  recognise: (answer: Buffer) => string | null,
): Probe => ({ name, port, tls: false, say: () => say, recognise });

const titled =
  (product: RegExp) =>
  (answer: HttpAnswer): string | null =>
    product.test(titleOf(answer)) ? titleOf(answer) : null;

/** All questions, port by port. A site chooses among their names. */
export const probes: readonly Probe[] = [
  // RFC 4253 section 4.2.
  { name: 'ssh', port: 22, tls: false, say: nothing, recognise: (bytes) => sshVersion(bytes) },
  plain('dns', 53, dnsQuestion, (bytes) => (isDnsAnswer(bytes) ? '' : null)),
  web('http', 80, ['/', false], titleOf),
  web('https', 443, ['/', true], titleOf),
  plain('smb', 445, smbNegotiate, smbDetail),
  plain('nfs', 2049, nfsNull, nfsDetail),
  // Distribution's API says so in a header, whether it wants a login or not.
  web(
    'registry',
    5000,
    ['/v2/', false],
    ({ headers }) => headers.get('docker-distribution-api-version') ?? null,
  ),
  web('synology', 5000, ['/', false], titled(/synology|diskstation/i)),
  web('synology', 5001, ['/', true], titled(/synology|diskstation/i)),
  // Whoever may not see it gets an object of kind Status; k3s answers /ping to everybody.
  web('kubernetes', 6443, ['/version', true], kubernetesVersion),
  web('kubernetes', 6443, ['/ping', true], ({ body }) => (body.trim() === 'pong' ? 'k3s' : null)),
  web('cpiab', 7443, ['/v1/status', true], boxState),
  web('proxmox', 8006, ['/', true], titled(/proxmox/i)),
];

const sshVersion = (bytes: Buffer) =>
  /^SSH-[\d.]+-([^\r\n]{1,200})/.exec(bytes.toString('latin1'))?.[1] ?? null;

function kubernetesVersion({ body, status }: HttpAnswer): string | null {
  const version = /"gitVersion":\s*"([^"]{1,60})"/.exec(body)?.[1];
  if (version !== undefined) return version;
  return (status === 401 || status === 403) && /"kind":\s*"Status"/.test(body) ? '' : null;
}

/** Another box; its status may be longer than what is read of it. */
function boxState({ body }: HttpAnswer): string | null {
  if (!/"kind":\s*"BoxStatus"/.test(body)) return null;
  const field = (name: string) => new RegExp(`"${name}":\\s*"?([\\w-]{1,80})`).exec(body)?.[1] ?? 'unknown';
  return `site ${field('site')}, ${field('phase')}, fingerprint ${field('fingerprint')}`;
}
