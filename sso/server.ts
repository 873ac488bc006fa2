import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from './config.ts';
import { discoverAt, ForwardAuth } from './forward-auth.ts';
import type { Log } from './log.ts';
import { page, securityHeaders } from './pages.ts';
import { openProvider } from './provider.ts';
import { send } from './send.ts';
import { SignIn } from './sign-in.ts';
import { keysOf, openState } from './state.ts';
import { Users } from './users.ts';

export interface Listen {
  host: string;
  /** Of the login's pages and OpenID Connect. */
  loginPort: number;
  /** Of what Traefik asks. */
  forwardAuthPort: number;
}

interface Inputs {
  config: Config;
  /** Path of the database. */
  state: string;
  /** Paths of the declared users. */
  users: readonly string[];
  listen: Listen;
  log: Log;
}

export interface Running {
  loginPort: number;
  forwardAuthPort: number;
  close(): Promise<void>;
}

export async function serve({ config, state, users: declared, listen, log }: Inputs): Promise<Running> {
  const database = openState(state);
  const keys = await keysOf(database);
  const users = new Users(declared, database);
  const provider = openProvider({ config, keys, database, users });
  provider.on('server_error', (_, error) => log({ event: 'error', problem: String(error) }));
  const signIn = new SignIn(provider, users, log);
  const callback = provider.callback();
  const guarded = answering(config.hosts, log);
  const login = guarded(async (request, response) => {
    if (request.url === '/') send(response, { status: 200, html: page.home() });
    else if (request.url?.startsWith('/interaction/')) await signIn.answer(request, response);
    else await callback(request, response);
  });
  await listening(login, listen.loginPort, listen.host);
  const origin = `http://127.0.0.1:${portOf(login)}`;
  const forwardAuth = new ForwardAuth(config, discoverAt(origin, config.issuer, keys.clientSecret), log);
  const asked = guarded(async (request, response) => send(response, await forwardAuth.answer(request)));
  await listening(asked, listen.forwardAuthPort, listen.host);
  return {
    loginPort: portOf(login),
    forwardAuthPort: portOf(asked),
    close: async () => {
      await Promise.all([closed(login), closed(asked)]);
      database.close();
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A server that tells a browser little of what went wrong, and its log all of it. */
function answering(hosts: readonly string[], log: Log): (handler: Handler) => Server {
  const headers = new Headers(securityHeaders(hosts));
  return (handler) =>
    createServer((request, response) => {
      if (request.url === '/healthz') return void send(response, { status: 200 });
      response.setHeaders(headers);
      handler(request, response).catch((error: unknown) => {
        log({ event: 'error', problem: String(error) });
        if (response.headersSent) response.destroy();
        else send(response, failure(error));
      });
    });
}

function failure(error: unknown) {
  const gone = error instanceof Error && error.name === 'SessionNotFound';
  const text = gone
    ? 'This sign-in is too old. Open the app again.'
    : 'Try again. The log of app sso says more.';
  return { status: gone ? 400 : 500, html: page.said({ title: 'That did not work', text }) };
}

async function listening(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
