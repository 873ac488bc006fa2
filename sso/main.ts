#!/usr/bin/node
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { readConfig } from './config.ts';
import { log } from './log.ts';
import { openState } from './state.ts';
import { Users } from './users.ts';

const USAGE = `sso serve
sso add-user NAME [--minutes N]   makes a user on the box, or a new password; prints the password
sso remove-user NAME              also ends what the user has open, within a minute
`;

/** Those of the site, and the one that a post-check signs in as. */
const declared = ['/users/users', '/users/postcheck'];

const options = {
  config: { type: 'string', default: '/etc/sso/config.yaml' },
  state: { type: 'string', default: '/state/sso.db' },
  users: { type: 'string', multiple: true, default: declared },
  address: { type: 'string', default: '0.0.0.0' },
  'login-port': { type: 'string', default: '8080' },
  'forward-auth-port': { type: 'string', default: '8081' },
  minutes: { type: 'string' },
} as const;

// Keys and hashes are for nobody else.
process.umask(0o077);
const { values, positionals } = parseArgs({ allowPositionals: true, options });
const [command = '', name = ''] = positionals;

const openUsers = () => new Users(values.users, openState(values.state));

const commands: Record<string, () => Promise<void>> = {
  serve: async () => {
    // The library warns, when it is loaded, of a Node that it does not know yet.
    const { serve } = await import('./server.ts');
    const listen = {
      host: values.address,
      loginPort: Number(values['login-port']),
      forwardAuthPort: Number(values['forward-auth-port']),
    };
    const { config, state, users } = values;
    const running = await serve({ config: await readConfig(config), state, users, listen, log });
    await once(process, 'SIGTERM');
    await running.close();
  },
  'add-user': async () => {
    const minutes = values.minutes === undefined ? null : Number(values.minutes);
    const password = await openUsers().add(name, minutes === null ? null : minutes * 60);
    process.stdout.write(`${password}\n`);
  },
  'remove-user': async () => {
    if (!openUsers().remove(name)) throw new Error(`no such user was made here: ${name}`);
  },
};

const work = commands[command];
if (work === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await work().catch((error: unknown) => {
    process.stderr.write(`sso: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  });
}
