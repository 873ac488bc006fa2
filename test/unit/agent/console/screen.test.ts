import { describe, expect, test } from 'vitest';
import { apiAddresses } from '../../../../agent/console/console.ts';
import { drawScreen } from '../../../../agent/console/screen.ts';
import { BoxReport } from '../../../../agent/report/report.ts';

function screen(
  change: (report: BoxReport) => void,
  addresses: string[] = ['https://192.0.2.7:7443'],
  recovery: string | null = null,
) {
  const report = new BoxReport(['verify', 'serve', 'engine', 'flux', 'converge'], () => 1000, 'lab');
  report.set({ fingerprint: '0123456789abcdef'.repeat(4), version: 'f'.repeat(40), sequence: 7 });
  change(report);
  const [, text = ''] = drawScreen(report.snapshot(), addresses, 12_345, recovery).split('\u001b[?25l');
  return text;
}

describe('drawScreen', () => {
  test('fits 24 lines of 80 columns, in ASCII, however much there is to say', () => {
    const long = 'wörd\u001b[2J\n'.repeat(200);
    const text = screen(
      (report) => {
        report.begin('verify');
        report.failed('verify', { problem: long, nextAction: long }, true);
        const blocking = Array.from({ length: 40 }, (_, index) => ({
          object: `Pod/x/${index}`,
          reason: long,
        }));
        report.observe({ flux: { ready: 0, total: 40, blocking } });
      },
      Array.from({ length: 9 }, (_, index) => `https://[2001:db8::${index}]:7443`),
    );
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]{0,80}$/);
  });

  test('shows address, fingerprint in groups, time, steps, problem and what to do', () => {
    const text = screen((report) => {
      report.begin('verify');
      report.failed('verify', { problem: 'sha256:1 is wrong', nextAction: 'copy the medium again' }, true);
    });
    expect(text).toContain('https://192.0.2.7:7443');
    expect(text).toContain('0123 4567 89ab cdef');
    expect(text).toContain('12.3 s');
    expect(text).toMatch(/! verify/);
    expect(text).toMatch(/Problem +sha256:1 is wrong/);
    expect(text).toMatch(/Do next +copy the medium again/);
  });

  test('shows a recovery passphrase in place of a problem, and fits all the same', () => {
    const passphrase = 'cbde-fghi-jkln-rtuv-cbde-fghi-jkln-rtuv';
    const long = 'long '.repeat(200);
    const text = screen(
      (report) => {
        report.begin('verify');
        report.failed('verify', { problem: long, nextAction: long }, true);
      },
      ['https://192.0.2.7:7443', 'https://192.0.2.8:7443'],
      passphrase,
    );
    expect(text).toMatch(new RegExp(`^Recovery +${passphrase}$`, 'm'));
    expect(text).toContain('`noted`');
    expect(text).not.toContain('Problem');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(24);
  });

  test('says whether the state is encrypted, and what opens it', () => {
    const state = (encryption: 'none' | 'tpm2' | 'passphrase') =>
      /^State +(.*)$/m.exec(screen((report) => report.set({ state: 'disk', encryption })))?.[1];
    expect(state('none')).toBe('on disk, not encrypted');
    expect(state('tpm2')).toBe('on disk, encrypted, opened by the TPM');
    expect(state('passphrase')).toBe('on disk, encrypted, opened by a passphrase');
  });

  test('says so when no card has an address', () => {
    expect(screen(() => {}, [])).toContain('none yet');
  });
});

test("addresses are those of cards, not the node's own, a pod's or a link-local one", () => {
  const address = (value: string, family: 'IPv4' | 'IPv6' = 'IPv4') => ({
    ...{ address: value, family, internal: false, netmask: '', mac: '', cidr: null },
    ...(family === 'IPv6' ? { scopeid: 0 } : {}),
  });
  const found = apiAddresses({
    lo: [{ ...address('127.0.0.1'), internal: true }],
    cpiab0: [address('10.44.0.1')],
    cni0: [address('10.42.0.1')],
    ens3: [address('192.0.2.7'), address('fe80::1', 'IPv6'), address('2001:db8::7', 'IPv6')],
  } as never);
  expect(found).toEqual(['https://192.0.2.7:7443', 'https://[2001:db8::7]:7443']);
});
