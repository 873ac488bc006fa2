import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

export function postcheckCommand(context: CliContext) {
  return command('postcheck', 'let a running box prove that it is what its Git says', [
    { line: 'cpiab postcheck', does: 'the box that this machine booted last' },
    { line: 'cpiab postcheck --box https://10.0.0.7:7443#4f1c…', does: 'another box' },
    { line: 'cpiab postcheck --junit postcheck.xml', does: 'also as a report for a CI server' },
  ])
    .option('--box <url>', "the box's address, and after # the fingerprint that its console shows")
    .option('--junit <file>', 'write the result as JUnit XML, too')
    .action(async ({ box, junit }) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { askPostcheck } = await import('../postcheck/ask.ts');
      const { postcheckText } = await import('../postcheck/table.ts');
      const address = await boxAddress(box, 'cpiab postcheck');
      const { site } = (await fetchStatus(address)).box;
      const client = await OperatorClient.of(address, site, context.signal);
      const report = await askPostcheck(client, address.url.href, context.progress);
      if (junit !== undefined) await writeJunit(junit, report);
      context.print(report, postcheckText(report, process.stdout));
      if (report.verdict === 'fail') context.exitWith(1);
    });
}

async function writeJunit(
  file: string,
  report: Parameters<typeof import('../postcheck/junit.ts').junitXml>[0],
) {
  const { junitXml } = await import('../postcheck/junit.ts');
  const { writeAtomic } = await import('../../host/files.ts');
  await writeAtomic(file, junitXml(report));
}
