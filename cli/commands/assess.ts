import { command } from '../command.ts';
import type { CliContext } from '../context.ts';

const collect = (path: string, before: string[]) => [...before, path];

export function assessCommand(context: CliContext) {
  return command('assess', 'tell whether a site or a cargo fits where it is to go', [
    {
      line: 'cpiab assess lab --inventory b.json --machine db1.json',
      does: 'by a saved `cpiab discover --json`, and what policy/fit/facts.sh wrote on a machine',
    },
    { line: 'cpiab assess --cargo cargo --box https://10.0.0.7:7443#4f1c…', does: 'a cargo, by a box there' },
    {
      line: 'cpiab assess lab --inventory b.json --machine db1.json --html fit.html',
      does: 'also as a page with a picture',
    },
  ])
    .argument('[site]', "config/clusters/<site>.yaml (default: lab, or the cargo's)")
    .option('--cargo <directory>', 'what `cpiab cargo seal` wrote')
    .option('--key <file>', "the sender's public key, minisign (default: one of this machine's)")
    .option('--inventory <file>', 'what `cpiab discover --json` printed there')
    .option(
      '--machine <file>',
      'what policy/fit/facts.sh printed on a machine; the first takes the box; may be given again',
      collect,
      [],
    )
    .option('--box <url>', 'a box there: its address, and after # the fingerprint that its console shows')
    .option('--html <file>', 'write it as one page with a picture, too')
    .action(async (site, { html, machine: machines, ...options }) => {
      const { needsOf, placeFrom } = await import('../assess/gather.ts');
      const { assess } = await import('../../policy/fit/assess.ts');
      const { assessmentText } = await import('../assess/text.ts');
      const { repository, signal } = context;
      const { cargo, key, inventory, box } = options;
      const asked = { site, cargo, key, inventory, box, machines };
      const needs = await needsOf(asked, repository, signal);
      const assessment = assess(needs, await placeFrom(asked, signal));
      if (html !== undefined) {
        const { assessmentHtml } = await import('../assess/html.ts');
        const { writeAtomic } = await import('../../host/files.ts');
        await writeAtomic(html, assessmentHtml(assessment));
      }
      context.print(assessment, assessmentText(assessment));
      if (assessment.verdict === 'does-not-fit') context.exitWith(1);
    });
}
