import { writeSync } from 'node:fs';
import { Ledger } from '../../../agent/enroll/ledger.ts';
import { nodeRecord } from './node-record.ts';

/** Puts one node after the other into the ledger of a directory, twice, and says the name of each that is written down. */
const ledger = await Ledger.open(process.argv[2] ?? '', Date.now);
for (let index = 0; ; index++) {
  const nodes = [nodeRecord(`n${index}`, ledger.lastSeen)];
  await ledger.put({ nodes });
  await ledger.put({ nodes });
  writeSync(1, `n${index}\n`);
}
