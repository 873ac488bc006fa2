import { createHash } from 'node:crypto';

/** The console's colours: agent/files/usr/lib/cpiab/console/console.css. */
const STYLE = `
:root { color-scheme: light dark; --ink: #1a1e1f; --quiet: #566065; --paper: #f5f6f5; --card: #ffffff; --line: #dde2e0;
  --edge: #828c8a; --accent: #12665a; --on-accent: #ffffff; --busy: #0a4fbd; --bad: #a8221b; --bad-soft: #fbe9e7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebea; --quiet: #a3adb0; --paper: #101314; --card: #181c1d;
  --line: #2d3436; --edge: #78837f; --accent: #6fc7b2; --on-accent: #101314; --busy: #94bbff; --bad: #ff9a90;
  --bad-soft: #3a1a18; } }
* { box-sizing: border-box; }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 0.9375rem / 1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { width: 100%; max-width: 23rem; padding: 2rem; border: 1px solid var(--line); border-radius: 0.6rem;
  background: var(--card); }
.brand { display: flex; align-items: center; gap: 0.6rem; margin: 0 0 1.5rem; font-weight: 650; letter-spacing: -0.01em; }
h1 { margin: 0 0 0.5rem; font-size: 1.125rem; font-weight: 650; letter-spacing: -0.01em; }
p { margin: 0 0 1.25rem; overflow-wrap: anywhere; }
p:last-child { margin: 0; }
.bad { padding: 0.5rem 0.75rem; border-left: 3px solid var(--bad); background: var(--bad-soft); color: var(--bad); }
label { display: block; margin: 0 0 0.25rem; font-weight: 600; }
input { display: block; width: 100%; margin: 0 0 1rem; padding: 0.5rem 0.6rem; border: 1px solid var(--edge);
  border-radius: 0.4rem; background: var(--paper); color: inherit; font: inherit; }
button { width: 100%; margin: 0.25rem 0 0; padding: 0.55rem 1rem; border: 1px solid var(--accent); border-radius: 0.4rem;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
button.second { margin-top: 0.6rem; background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid var(--busy); outline-offset: 2px; }
`;

const ICON =
  '<svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><rect x="3" y="6" width="26" height="20" rx="4" fill="#12665a"/><path d="M9 13h14M9 19h8" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/><circle cx="22.4" cy="19" r="1.7" fill="#fff"/></svg>';

/** Nothing is loaded, and no other site shows these pages in a frame. A form's answer leads to the app: that counts. */
export function securityHeaders(hosts: readonly string[]): Record<string, string> {
  const style = createHash('sha256').update(STYLE).digest('base64');
  const targets = hosts.map((host) => `https://${host}`).join(' ');
  return {
    'content-security-policy': [
      "default-src 'none'",
      `style-src 'sha256-${style}'`,
      // oidc-provider adds the hash of the one script it has, which posts a form; nothing here serves a script.
      "script-src 'self'",
      `form-action 'self' ${targets}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
}

interface Said {
  title: string;
  text: string;
  link?: { to: string; text: string };
}

export const page = {
  /** @param host what the person wants to open. */
  signIn: ({ host, name, problem }: { host: string; name: string; problem: string | null }) =>
    framed(
      'Sign in',
      `<h1>Sign in</h1>
<p>to open <b>${escaped(host)}</b></p>
${problem === null ? '' : `<p class="bad" role="alert">${escaped(problem)}</p>`}
<form method="post">
<label for="name">User name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" value="${escaped(name)}"${name === '' ? ' autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"${name === '' ? '' : ' autofocus'}>
<button type="submit">Sign in</button>
</form>`,
    ),

  /** For who opens the login itself. */
  home: (): string =>
    page.said({
      title: 'One login for the apps of this box',
      text: 'Open an app: it leads here when you are to sign in.',
      link: { to: '/session/end', text: 'Sign out' },
    }),

  /** @param form oidc-provider's, without its buttons. */
  signOut: (form: string) =>
    framed(
      'Sign out',
      `<h1>Sign out?</h1>
<p>You leave every app that this login opened, within a minute.</p>
${form}
<button form="op.logoutForm" type="submit" name="logout" value="yes">Sign out</button>
<button form="op.logoutForm" type="submit" class="second">Stay signed in</button>`,
    ),

  said: ({ title, text, link }: Said) =>
    framed(
      title,
      `<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${link === undefined ? '' : `<p><a href="${escaped(link.to)}">${escaped(link.text)}</a></p>`}`,
    ),
};

function framed(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} - CPiaB</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="brand">${ICON}<span>CPiaB</span></p>
${content}
</main>
</body>
</html>
`;
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string) => text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
