import { argon2, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf } from '../../contract/message-of.ts';
import { postcheckLabel } from '../observe/kustomizations.ts';
import { listApps } from './apps.ts';
import { type Host, hostsThatCount } from './ingress.ts';
import { loginOf } from './login.ts';
import type { Look } from './look.ts';
import { fail, notApplicable, type Outcome, pass } from './outcome.ts';
import { type Page, Visitor } from './visitor.ts';

/** App of the login, also its namespace. */
const LOGIN = 'sso';
const SECRET = 'postcheck';
const secretPath = `/api/v1/namespaces/${LOGIN}/secrets/${SECRET}`;
/** Until the kubelet has brought the Secret. The login takes five tries for a name, and one is for the wrong password. */
const WAITS_MS = [2_000, 10_000, 30_000, 60_000];

/** Of 192 bits. */
const newPassword = () => randomBytes(24).toString('base64url');

/** As a user's line has it: the PHC string format. Nobody guesses such a password, so the least cost will do. */
async function hashOf(message: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await promisify(argon2)('argon2id', {
    ...{ message, nonce, memory: 64, passes: 1, parallelism: 1, tagLength: 32 },
  });
  const [salt, hash] = [nonce, tag].map((bytes) => bytes.toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=64,t=1,p=1$${salt}$${hash}`;
}

interface SignIn {
  host: Host;
  name: string;
  password: string;
}

/** Where somebody ended who asked for a guarded page. */
interface Visit extends Page {
  /** Whether the login was there to sign in at. */
  hasLogin: boolean;
}

/**
 * Signs in as a user who is there for this alone: Git has none, its password is kept nowhere, and the Secret has a hash of
 * it until the check ends.
 */
export async function checkSignIn(look: Look, waitsMs: readonly number[] = WAITS_MS): Promise<Outcome> {
  const guarded = (await hostsThatCount(look)).filter(({ isGuarded }) => isGuarded);
  const host = guarded.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
  const apps = (await listApps(look)).map(({ app }) => app.name);
  if (host === undefined || !apps.includes(LOGIN)) return notApplicable(whyNot(apps));
  const user = { name: `${SECRET}-${randomBytes(4).toString('hex')}`, password: newPassword() };
  try {
    await declare(look, `${user.name}:${await hashOf(user.password)}\n`);
    return await trySignIn(look, { host, ...user }, waitsMs).catch((error: unknown) => {
      look.signal.throwIfAborted();
      return fail(messageOf(error));
    });
  } finally {
    await look.kube.remove(secretPath, AbortSignal.timeout(10_000));
    await refresh(look);
  }
}

const whyNot = (apps: readonly string[]) =>
  apps.includes('authentik')
    ? 'no user is made in Authentik for a check; open an app of it in a browser'
    : 'no route of the site asks app `sso` for a login';

async function trySignIn(look: Look, user: SignIn, waitsMs: readonly number[]): Promise<Outcome> {
  const { host } = user;
  let page: Visit | undefined;
  for (const wait of waitsMs) {
    await refresh(look);
    await sleep(wait, undefined, { signal: look.signal });
    page = await signIn(look, user);
    if (!isPassing(page, host)) break;
  }
  if (page?.url.host !== host.name)
    return fail(`${page?.url.host} answers ${page?.status} to the right password of a user of the Secret`);
  if (isRefusal(page.status))
    return fail(
      `${host.name} answers ${page.status} ${page.hasLogin ? 'to who has signed in' : 'without a login'}`,
    );
  const refused = await signIn(look, { ...user, password: newPassword() });
  if (refused.url.host === host.name && !isRefusal(refused.status))
    return fail(`${host.name} lets in who gives a wrong password`);
  if (refused.status !== 401)
    return fail(`${refused.url.host} answers ${refused.status} to a wrong password`);
  return pass(`a user of the check got ${host.name}, and not with a wrong password`);
}

/** What time mends: the login does not know the user yet, or a pod behind the route does not answer just now. */
const isPassing = ({ url, status }: Page, host: Host) =>
  status >= 500 || (status === 401 && url.host !== host.name);

/** An app may well have no such page: that there is a route is for another check. */
const isRefusal = (status: number) => status === 401 || status === 403 || status >= 500;

/** @returns where it ended: the login answers 401 to a wrong password. */
async function signIn(look: Look, { host, name, password }: SignIn): Promise<Visit> {
  const login = loginOf(look);
  const visitor = new Visitor(look, [host.name, login]);
  const form = await visitor.open(new URL(host.path, `https://${host.name}`));
  if (form.status >= 500) return { ...form, hasLogin: false };
  if (form.url.host !== login) throw new Error(`${host.name} answers ${form.status} without a login`);
  return { ...(await visitor.open(form.url, { name, password })), hasLogin: true };
}

async function declare({ kube, signal }: Look, users: string): Promise<void> {
  const secret = {
    ...{ apiVersion: 'v1', kind: 'Secret' },
    metadata: { name: SECRET, namespace: LOGIN, labels: { [postcheckLabel]: 'true' } },
    data: { [SECRET]: Buffer.from(users).toString('base64') },
  };
  await kube.apply(secretPath, secret, signal);
}

/**
 * Has the kubelet look at the login's volumes now, not within a minute. Source: Kubernetes, "Configure a Pod to Use a
 * ConfigMap", mounted ConfigMaps are updated automatically.
 */
async function refresh({ kube }: Look): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  const pods = `/api/v1/namespaces/${LOGIN}/pods`;
  const { items } = await kube.get<{ items: { metadata: { name: string } }[] }>(pods, signal);
  const annotations = { [postcheckLabel]: new Date().toISOString() };
  for (const { metadata } of items)
    await kube.merge(`${pods}/${metadata.name}`, { metadata: { annotations } }, signal);
}
