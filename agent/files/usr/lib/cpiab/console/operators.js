import { at, code, make } from './dom.js';

const PATIENCE_MS = 10_000;

const refused = (command) => [
  'Only operators may see this: this browser has shown no certificate of the site, or one of a lesser role. ',
  'Import it (',
  code('openssl pkcs12 -export -in operator.crt -inkey operator.key -out operator.p12'),
  '), restart the browser and choose it, or use ',
  code(command),
  '.',
];

/**
 * What is shown to operators only, and not before a person asks: a browser that has a certificate asks which one to
 * show, and the box notes who came.
 * @param id of the section's elements `…Offer` and `…Said`.
 * @param command that shows the same. @param absent what is told where the box has not come so far.
 * @param show what is done with the document.
 */
export function forOperators({ id, path, label, command, absent, show }) {
  let wanted = false;
  const refresh = async () => {
    if (!wanted) return;
    const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    // Who was refused is not asked again before the next click.
    wanted = answer.status !== 403;
    const told = { 403: refused(command), 503: [absent] }[answer.status] ?? [];
    at(`${id}Said`).replaceChildren(...told);
    at(`${id}Offer`).hidden = answer.ok;
    if (answer.ok) show(await answer.json());
  };
  const offer = () => {
    const button = make('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      wanted = true;
      // A box that does not answer is told of by the page as a whole.
      refresh().catch(() => {});
    });
    at(`${id}Offer`).replaceChildren(button);
  };
  return { offer, refresh };
}
