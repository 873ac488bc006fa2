/**
 * What a drill runs inside of a namespace: `NAME [CONFIG [USER]]`, where CONFIG is a file with its configuration as JSON.
 * Without a user it keeps the rights of who starts it.
 */
import { readFileSync } from 'node:fs';
import { CpiabError } from '../contract/errors.ts';

type Program = (config: unknown, stop: AbortSignal) => Promise<unknown>;

/** Loaded one at a time, before the rights go that reading files of this repository may take. */
const programs: Record<string, () => Promise<Program>> = {
  batch: async () => {
    const { batch, BatchConfigSchema } = await import('./programs/batch.ts');
    return (config, stop) => batch(BatchConfigSchema.parse(config), stop);
  },
  box: async () => {
    const { box, BoxConfigSchema } = await import('./programs/box.ts');
    return (config, stop) => box(BoxConfigSchema.parse(config), stop);
  },
  customers: async () => {
    const { customers, CustomersConfigSchema } = await import('./programs/customers.ts');
    return (config, stop) => customers(CustomersConfigSchema.parse(config), stop);
  },
  member: async () => {
    const { member, MemberConfigSchema } = await import('./programs/member.ts');
    return (config) => member(MemberConfigSchema.parse(config));
  },
  operator: async () => {
    const { operator } = await import('./programs/operator.ts');
    return () => operator();
  },
  survey: async () => {
    const { survey, SurveyConfigSchema } = await import('./programs/survey.ts');
    return (config) => survey(SurveyConfigSchema.parse(config));
  },
  web: async () => {
    const { web, WebConfigSchema } = await import('./programs/web.ts');
    return (config, stop) => web(WebConfigSchema.parse(config), stop);
  },
};

const [name = '', path, user] = process.argv.slice(2);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
try {
  const program = await programs[name]?.();
  const config: unknown = path === undefined ? null : JSON.parse(readFileSync(path, 'utf8'));
  if (user !== undefined) become(user);
  const result = await program?.(config, stop.signal);
  if (result !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
} catch (error) {
  if (stop.signal.aborted) process.exit(0);
  // Who has asked needs the code: a refusal may be what it hopes for.
  const said = error instanceof CpiabError ? error.toText() : (error as Error).stack;
  process.stderr.write(`${said}\n`);
  process.exit(1);
}

function become(account: string): void {
  process.setgroups?.([]);
  process.setgid?.('nogroup');
  process.setuid?.(account);
}
