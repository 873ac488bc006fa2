import { run } from '../../host/process.ts';

/** Why systemd's judgement of units can't be had here, or null. */
export async function whyNoSystemdAnalyze(): Promise<string | null> {
  return await run(['systemd-analyze', '--version']).then(
    () => null,
    () => 'no systemd-analyze: install systemd',
  );
}

/** What systemd says of a unit file: 0 can do nothing, 10 can do everything. Source: systemd-analyze(1), `security`. */
export async function exposureOf(path: string): Promise<{ overall: number; open: string[] }> {
  const argv = ['systemd-analyze', 'security', '--offline=true', '--no-pager', path];
  const { stdout } = await run(argv);
  const overall = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  const open = [...stdout.matchAll(/^✗ (\S+)/gm)].map(([, name = '']) => name);
  return { overall, open };
}
