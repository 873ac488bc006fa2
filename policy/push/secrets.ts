import type { RuleName } from '../rules.ts';

interface Shape {
  rule: RuleName & ('secret-key' | 'secret-token');
  name: string;
  pattern: RegExp;
}

/** Shapes that only secrets have. Sources: what each giver documents of its tokens; RFC 7468 for keys. */
const SHAPES: readonly Shape[] = [
  {
    rule: 'secret-key',
    name: 'a private key',
    // With its content, in lines or as JSON writes them: text about keys has the first line alone.
    pattern:
      /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\w-]+: [^\n\\]*(?:\n|\\n)|\s|\\[rn])*[A-Za-z0-9+/]{16}/,
  },
  { rule: 'secret-key', name: 'an age key', pattern: /AGE-SECRET-KEY-1[0-9A-Z]{58}\b/ },
  {
    rule: 'secret-key',
    name: 'a minisign key',
    // Algorithm, key derivation (none or scrypt) and checksum algorithm come first. Source: minisign(1).
    pattern: /(?:\b|\\n)RW(?:QAAEIy|RTY0Iy)[A-Za-z0-9+/]{180}/,
  },
  {
    rule: 'secret-token',
    name: 'a token of GitHub',
    pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})\b/,
  },
  { rule: 'secret-token', name: 'a token of GitLab', pattern: /\bglpat-[\w-]{20,}/ },
  { rule: 'secret-token', name: 'a key of AWS', pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/ },
  { rule: 'secret-token', name: 'a key of Google', pattern: /\bAIza[\w-]{35}\b/ },
  { rule: 'secret-token', name: 'a token of Slack', pattern: /\bxox[abeoprs]-[\w-]{10,}/ },
  { rule: 'secret-token', name: 'a key of Stripe', pattern: /\b[rs]k_live_[A-Za-z0-9]{20,}/ },
  {
    rule: 'secret-token',
    name: 'a key of Tailscale',
    pattern: /\btskey-[a-z]+-[A-Za-z0-9]+-[A-Za-z0-9]{20,}/,
  },
  { rule: 'secret-token', name: 'a token of npm', pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  {
    rule: 'secret-token',
    name: 'a signed JSON web token',
    pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/,
  },
];

/** Secrets in a text, each with its line. One of a shape is enough: it must go anyway. */
export function secretsIn(text: string): { rule: RuleName; name: string; line: number }[] {
  return SHAPES.flatMap(({ rule, name, pattern }) => {
    const at = pattern.exec(text)?.index;
    return at === undefined ? [] : [{ rule, name, line: text.slice(0, at).split('\n').length }];
  });
}
