const HIDDEN = '[redacted]';

/** Names whose values are secrets, wherever they stand: `password=…`, `"client_secret": "…"`. */
const SECRET_NAME =
  '(?:[a-z0-9_.-]*(?:password|passwd|passphrase|secret|token|credential|api[_-]?key|private[_-]?key|access[_-]?key|client-key-data|session[_-]?id))';

/** What gives access, by its form, in the order in which it is looked for: whole keys before words in them. */
const forms: readonly (readonly [RegExp, string])[] = [
  // RFC 7468, with line breaks as they are or as JSON writes them.
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, `[$1: redacted]`],
  // RFC 9110 section 11.6.2, RFC 6265.
  [
    /\b((?:proxy-)?authorization|cookie|set-cookie|x-auth-token)(\\?["']?\s*[:=]\s*\\?["']?)[^"'\r\n\\]+/gi,
    `$1$2${HIDDEN}`,
  ],
  [/\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, `$1 ${HIDDEN}`],
  // RFC 3986 section 3.2.1.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${HIDDEN}@`],
  // RFC 7519.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, HIDDEN],
  // k3s, kubeadm, an invitation of CPiaB, age, and the tokens of hosts of Git and of clouds.
  [/\bK10[0-9a-f]{64}::[^\s"']+/g, HIDDEN],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, HIDDEN],
  [/\bcpiab1\.[^\s"']+/g, HIDDEN],
  [/\bAGE-SECRET-KEY-1[0-9A-Z]+/g, HIDDEN],
  [
    /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16})/g,
    HIDDEN,
  ],
  [
    new RegExp(`\\b(${SECRET_NAME}\\\\?["']?\\s*[:=]\\s*\\\\?["']?)(?!\\[redacted)[^\\s"',;&}\\\\]+`, 'gi'),
    `$1${HIDDEN}`,
  ],
  [new RegExp(`(--${SECRET_NAME})(\\s+)[^\\s"']+`, 'gi'), `$1$2${HIDDEN}`],
];

/** A text without what would give somebody access. Rather too much is hidden than too little. */
export function redact(text: string): string {
  return forms.reduce((left, [form, instead]) => left.replace(form, instead), text);
}

const isSecretName = (name: string) => new RegExp(`^${SECRET_NAME}$`, 'i').test(name);

/** JSON on one line, without secrets in strings or under names of such. */
export function redactedJson(value: unknown, indent?: number): string {
  const hide = (name: string, found: unknown) => {
    if (typeof found !== 'string') return found;
    return isSecretName(name) ? HIDDEN : redact(found);
  };
  return JSON.stringify(value, hide, indent);
}
