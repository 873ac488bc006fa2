import { resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { CpiabError } from '../../contract/errors.ts';
import { operatorRoles } from '../../contract/operator.ts';
import { command, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';

export function operatorCommand(context: CliContext) {
  return command('operator', 'make a credential for a person who works with the boxes of a site', [
    {
      line: 'cpiab operator alice --role operator --out alice.p12',
      does: 'for a browser; prints the password',
    },
  ])
    .argument('<name>', 'stands in the audit log of the boxes')
    .requiredOption('--out <file>', 'where the PKCS#12 file is put; must not be there yet')
    .option('--site <site>', 'which file of config/clusters', 'lab')
    .addOption(
      new Option('--role <role>', 'what the person may do').choices(operatorRoles).default('viewer' as const),
    )
    .option('--days <number>', 'how long it counts', wholeNumber(1, 90), 7)
    .action(async (name, { site, role, days, out }) => {
      const { writeOperator } = await import('../operator/write.ts');
      if (!/^[\w.@-]{1,64}$/.test(name))
        throw new CpiabError('E1002', {
          subject: 'cpiab operator',
          args: ['letters, digits and . @ _ -', name],
        });
      const made = await writeOperator({ site, name, role, days }, resolve(out), context.signal);
      context.print(made, `${made.file}: ${role} ${name}, until ${made.until}\npassword ${made.password}`);
    });
}
