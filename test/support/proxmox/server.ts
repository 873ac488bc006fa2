import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Endpoint, endpoints } from './endpoints.ts';
import { readUpload } from './multipart.ts';
import { Node } from './node.ts';

export const token = 'ci@pve!cpiab';
export const secret = '5c0c6d3e-7b1f-4a53-9f0b-2d0d5b7e1a11';

/** What a test wants to go wrong. */
export interface Faults {
  /** The connection is lost after so many bytes of an upload. */
  cutUploadAfter?: number;
  /** Privileges that the token lacks. */
  lacks?: readonly string[];
  refuseToken?: boolean;
}

export interface ProxmoxServer {
  url: string;
  /** SHA-256 of the certificate. */
  fingerprint: string;
  /** Requests that came: `METHOD path`, without GETs of tasks. */
  seen: string[];
  /** Values of `authorization` that came, whoever sent them. */
  credentials: Set<string>;
  node: Node;
  faults: Faults;
  close(): Promise<void>;
}

/** A refusal with what the API's own errors have. */
class Refusal extends Error {
  readonly status: number;
  readonly errors: Record<string, string>;

  constructor(status: number, message: string, errors: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** A server with one node that takes documented calls and parameters alone. */
export async function proxmoxServer(identity: { key: string; certificate: string }): Promise<ProxmoxServer> {
  const node = new Node('pve');
  const made: Omit<ProxmoxServer, 'url' | 'close'> = {
    fingerprint: new X509Certificate(identity.certificate).fingerprint256.replaceAll(':', '').toLowerCase(),
    seen: [],
    credentials: new Set(),
    node,
    faults: {},
  };
  const server = createServer({ key: identity.key, cert: identity.certificate }, (incoming, outgoing) => {
    answer(made, incoming).then(
      (data) => reply(outgoing, 200, { data }),
      (error: unknown) => {
        const { status = 500, message, errors } = error as Refusal;
        reply(outgoing, status, { data: null, message: `${message}\n`, ...(status === 400 && { errors }) });
      },
    );
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return Object.assign(made, { url: `https://127.0.0.1:${port}`, close });
}

function reply(outgoing: ServerResponse, status: number, document: object): void {
  outgoing.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' });
  outgoing.end(JSON.stringify(document));
}

async function answer(
  server: Omit<ProxmoxServer, 'url' | 'close'>,
  incoming: IncomingMessage,
): Promise<unknown> {
  const { node, faults, seen } = server;
  authenticate(server, incoming);
  const target = new URL(incoming.url ?? '/', 'https://pve');
  const path = decodeURIComponent(target.pathname.replace(/^\/api2\/json(?=\/)/, ''));
  const endpoint = endpoints.find((each) => each.method === incoming.method && each.path.test(path));
  if (endpoint === undefined || path === target.pathname)
    throw new Refusal(501, `Method '${incoming.method} ${target.pathname}' not implemented`);
  const names = endpoint.path.exec(path)?.groups ?? {};
  if (!path.includes('/tasks/')) seen.push(`${incoming.method} ${path}`);
  requireNode(node.name, names['node']);
  if (path.endsWith('/upload')) return await takeUpload(server, endpoint, names, incoming);
  const given = await parametersOf(incoming, target);
  check(endpoint, given);
  permit(endpoint, { ...names, ...given }, faults);
  return node.answer(endpoint.method, path, names, given);
}

function authenticate(
  { credentials, faults }: Omit<ProxmoxServer, 'url' | 'close'>,
  { headers }: IncomingMessage,
): void {
  const authorization = headers.authorization ?? '';
  credentials.add(authorization);
  if (authorization !== `PVEAPIToken=${token}=${secret}` || faults.refuseToken === true)
    throw new Refusal(401, 'authentication failure');
}

function requireNode(known: string, named: string | undefined): void {
  if (named === undefined || named === known) return;
  const why = `failed to get address info for: ${named}`;
  throw new Refusal(500, `hostname lookup '${named}' failed - ${why}`);
}

async function takeUpload(
  { node, faults }: Omit<ProxmoxServer, 'url' | 'close'>,
  endpoint: Endpoint,
  names: Record<string, string>,
  incoming: IncomingMessage,
): Promise<unknown> {
  const { cutUploadAfter = Number.POSITIVE_INFINITY } = faults;
  const { fields, sha256, size } = await readUpload(incoming, (bytes) => {
    if (bytes > cutUploadAfter) incoming.socket.destroy();
  });
  check(endpoint, fields);
  permit(endpoint, names, faults);
  return node.upload(names['storage'] ?? '', fields, { sha256, size });
}

async function parametersOf(incoming: IncomingMessage, target: URL): Promise<Record<string, string>> {
  const body = await text(incoming);
  if (incoming.method === 'GET') return Object.fromEntries(target.searchParams);
  if (incoming.headers['content-type'] !== 'application/x-www-form-urlencoded')
    throw new Refusal(500, 'no parameters');
  return Object.fromEntries(new URLSearchParams(body));
}

/** As PVE::JSONSchema::validate does. */
function check({ parameters }: Endpoint, given: Record<string, string>): void {
  const errors = Object.fromEntries([...unknownOrWrong(parameters, given), ...missing(parameters, given)]);
  if (Object.keys(errors).length > 0) throw new Refusal(400, 'Parameter verification failed.', errors);
}

function unknownOrWrong(
  parameters: Endpoint['parameters'],
  given: Record<string, string>,
): [string, string][] {
  return Object.entries(given).flatMap(([name, value]): [string, string][] => {
    const known = parameters[name];
    if (known === undefined) return [[name, 'property is not defined in schema']];
    return known.pattern.test(value) ? [] : [[name, 'value does not match the regex pattern']];
  });
}

/** Those that are required, or that another one requires. */
function missing(parameters: Endpoint['parameters'], given: Record<string, string>): [string, string][] {
  const wanted = Object.entries(parameters).filter(
    ([, { required, besides }]) => required || (besides !== undefined && given[besides] !== undefined),
  );
  return wanted
    .filter(([name]) => given[name] === undefined)
    .map(([name]) => [name, 'property is missing and it is not optional']);
}

function permit({ privileges }: Endpoint, names: Record<string, string>, { lacks = [] }: Faults): void {
  const disks = (names['scsi0'] ?? '').split(':')[0];
  const bridge = /bridge=([^,]+)/.exec(names['net0'] ?? '')?.[1];
  const all: Record<string, string | undefined> = { ...names, disks, bridge };
  for (const [path, privilege] of privileges) {
    const place = path.replace(/\{(\w+)\}/g, (_, name: string) => all[name] ?? '');
    if (lacks.includes(privilege)) throw new Refusal(403, `Permission check failed (${place}, ${privilege})`);
  }
}
