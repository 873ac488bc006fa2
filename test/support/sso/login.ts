import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../../sso/config.ts';
import { hashPassword } from '../../../sso/password.ts';
import { type Running, serve } from '../../../sso/server.ts';

const issuer = 'https://login.box.home.arpa';
const hosts = ['notes.box.home.arpa', 'files.box.home.arpa'];
const password = 'correct horse';

export interface TestLogin extends Running {
  issuer: string;
  password: string;
  /** What it logged. */
  logged: { event: string; user?: string; address?: string }[];
  /** Declares these users from now on. */
  declare(names: string[]): Promise<void>;
  /** Path of a second file of users. */
  checkUser: string;
  /** Stops it and starts it again, with the same state. */
  restart(): Promise<void>;
}

/** The login with real listeners and a state of its own; `ada` and `brahms` are declared. */
export async function startLogin(config: Partial<Config> = {}, host = '127.0.0.1'): Promise<TestLogin> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-'));
  const [users, checkUser] = [join(directory, 'users'), join(directory, 'postcheck')];
  const hash = await hashPassword(password);
  const declare = (names: string[]) => writeFile(users, names.map((name) => `${name}:${hash}\n`).join(''));
  await declare(['ada', 'brahms']);
  const logged: TestLogin['logged'] = [];
  const start = (listen: { loginPort: number; forwardAuthPort: number }) =>
    serve({
      config: { issuer, hosts, sessionSeconds: 3600, recheckSeconds: 60, ...config },
      state: join(directory, 'sso.db'),
      users: [users, checkUser],
      listen: { host, ...listen },
      log: (event) => logged.push(event),
    });
  let running = await start({ loginPort: 0, forwardAuthPort: 0 });
  const { loginPort, forwardAuthPort } = running;
  return {
    ...{ issuer, password, logged, declare, checkUser, loginPort, forwardAuthPort },
    restart: async () => {
      await running.close();
      running = await start({ loginPort, forwardAuthPort });
    },
    close: async () => {
      await running.close();
      await rm(directory, { recursive: true });
    },
  };
}
