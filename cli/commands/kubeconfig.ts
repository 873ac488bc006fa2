import { resolve } from 'node:path';
import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function kubeconfigCommand(context: CliContext) {
  return command('kubeconfig', "write what kubectl needs to reach a box's cluster, as you", [
    {
      line: 'cpiab kubeconfig --out box.kubeconfig',
      does: 'of the box that this machine booted last; then `kubectl --kubeconfig box.kubeconfig get pods -A`',
    },
    { line: 'cpiab kubeconfig --box https://10.0.0.7:7443#4f1c… --out ~/.kube/box', does: 'of another' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .option('--out <file>', 'where to put it (default: it is printed)')
    .option('--cert <file>', "an operator's certificate (default: that of the site's keys)")
    .option('--key <file>', 'its private key')
    .action(async ({ box, out, cert, key }) => {
      const { boxAddress } = await import('../box/client.ts');
      const { kubeconfigOf } = await import('../box/kubeconfig.ts');
      const { stringify } = await import('yaml');
      const { writeAtomic } = await import('../../host/files.ts');
      const config = await kubeconfigOf(await boxAddress(box, 'cpiab kubeconfig'), { cert, key });
      const text = stringify(config).trimEnd();
      if (out === undefined) return context.print(config, text);
      const path = resolve(out);
      await writeAtomic(path, `${text}\n`, { mode: 0o600 });
      context.print(config, `${path}: kubectl --kubeconfig ${out} get pods --all-namespaces`);
    });
}
