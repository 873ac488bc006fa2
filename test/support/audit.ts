import { expect } from 'vitest';
import { auditMedium } from '../../builder/audit/audit.ts';
import type { Seen } from '../../builder/audit/check.ts';
import { openMedium } from '../../builder/verify/open.ts';
import { AuditReportSchema } from '../../contract/audit.ts';
import { type Forgery, forge } from './forge.ts';
import { type TinyBundle, tinyBundle } from './tiny-bundle.ts';

const { signal } = new AbortController();
export const app = 'ghcr.io/team/app:1.0';
export const other = 'ghcr.io/team/other:2.0';
export const images = { [app]: [Buffer.from('app')], [other]: [Buffer.from('other')] };
/** A day after the tiny lock's packages. */
export const NOW = 1_763_000_000 + 86_400;

/** A bundle of two images, one of which has a Go module besides the Debian package of both. */
export async function auditedBundle(root: string): Promise<TinyBundle> {
  const module = {
    name: 'golang.org/x/net',
    version: 'v0.50.0',
    purl: 'pkg:golang/golang.org/x/net@v0.50.0',
    licence: 'BSD-3-Clause',
    in: [app],
  };
  return await tinyBundle(root, 'bundle', { sequence: 7, images, components: [module] });
}

/** @param now seconds since 1970-01-01. */
export async function audit(bundle: TinyBundle, { now = NOW, after = null as Seen | null } = {}) {
  const medium = await openMedium(bundle.directory, signal);
  return await auditMedium({ medium, trust: async () => bundle.key, now, after, signal });
}

/** What an audit finds of the bundle once it is forged, and which checks find it. */
export async function findings(root: string, bundle: TinyBundle, forgery: Forgery) {
  await forge(root, bundle.directory, forgery);
  const { report, problems } = await audit(bundle);
  expect(AuditReportSchema.parse(report)).toEqual(report);
  expect(report.verified).toBe(false);
  const failed = report.checks.filter(({ result }) => result === 'failed').map(({ name }) => name);
  return { failed, codes: problems.map(({ code }) => code), problems };
}
