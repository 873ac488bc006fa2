/**
 * A box's discovery and API in a network namespace, as a process of its own: prints where the API is, and ends with
 * its standard input. Arguments: the site's `discover` as JSON, the inventory's directory, the directory of keys.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfOf } from '../../../agent/discover/discover.ts';
import { Discovery } from '../../../agent/discover/discovery.ts';
import { DiscoverPolicySchema } from '../../../contract/discover-policy.ts';
import { startTestApi } from '../api.ts';

const [policy = '{}', directory = '', keys = ''] = process.argv.slice(2);
const api = await startTestApi(() => undefined);
await mkdir(join(keys, 'cpiab', 'keys', 'lab'), { recursive: true });
for (const [name, text] of [
  ['operator.crt', api.operator.certificate],
  ['operator.key', api.operator.key],
] as const)
  await writeFile(join(keys, 'cpiab', 'keys', 'lab', name), text);
const life = new AbortController();
const discovery = await Discovery.open({
  policy: DiscoverPolicySchema.parse(JSON.parse(policy)),
  self: selfOf(api.board),
  directory,
  wall: Date.now,
  complain: (why) => process.stderr.write(`${why}\n`),
});
api.board.put('discovery', discovery);
process.stdout.write(`${api.url}#${api.identity.fingerprint}\n`);
process.stdin.resume().once('end', () => life.abort());
await discovery.run(life.signal).catch(() => {});
await api.close();
process.exit(0);
