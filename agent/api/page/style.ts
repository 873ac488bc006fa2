/** Colours follow the reader's system; contrast is at least 4.5 to 1 in both (WCAG 2.2, 1.4.3). */
export const style = `
:root { color-scheme: light dark; --text: #1a1c1e; --back: #f7f8f9; --card: #fff; --line: #c9ced4; --quiet: #565d66; --good: #146c2e; --bad: #b3261e; --busy: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e5e8; --back: #131416; --card: #1d1f22; --line: #3d4248; --quiet: #a5acb5; --good: #7bd88f; --bad: #ffb4ab; --busy: #a8c7fa; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin-top: 1rem; overflow-x: auto; }
#trouble { border-color: var(--bad); border-width: 2px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: .5rem 0 0; padding-left: 1.2rem; } ul:empty { display: none; }
.done { color: var(--good); } .failed { color: var(--bad); font-weight: 600; } .running { color: var(--busy); } .waiting, .skipped { color: var(--quiet); }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
:focus-visible { outline: 3px solid var(--busy); outline-offset: 2px; }
`;
