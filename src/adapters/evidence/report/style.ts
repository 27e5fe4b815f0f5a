/** Of the page: light, dark and on paper. Every colour of text has a contrast of at least 4.5 on what it stands on. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --raised: #f3f5f7; --ink: #1b1f24; --quiet: #525a64; --line: #c9d0d7;
  --link: #0a53a8; --good: #11632a; --bad: #a40e26; --doubtful: #7a4a00;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1318; --raised: #1a2028; --ink: #e6eaef; --quiet: #a3adb8; --line: #3a434e;
    --link: #8ab8ff; --good: #7ddc92; --bad: #ff9d94; --doubtful: #f0c264;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; }
.lead { font-size: 1.1rem; margin: .35rem 0 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 1rem 0 0; padding: 0; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: 13rem 1fr; gap: 1rem; padding: .3rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; }
ul { margin: .5rem 0; padding-left: 1.4rem; }
li { margin: .15rem 0; }
li > ul, dd > ul { color: var(--quiet); margin: .1rem 0; }
.wide { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; color: var(--quiet); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border: 1px solid var(--line); min-width: 6rem; }
thead th { background: var(--raised); overflow-wrap: break-word; }
th[scope="row"] { font-weight: 600; }
th[scope="row"] .whole { font-weight: 400; }
td p, th p { margin: 0 0 .25rem; }
code, pre { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: .88em; }
pre { background: var(--raised); border: 1px solid var(--line); padding: .75rem; white-space: pre-wrap; }
dd, td, th, li, code { unicode-bidi: isolate; }
.whole { white-space: nowrap; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.doubtful { color: var(--doubtful); }
@media screen and (max-width: 44rem) {
  body { padding: 1rem; }
  dl > div { grid-template-columns: 1fr; gap: 0; }
}
@page { margin: 15mm; }
@media print {
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  .wide { overflow: visible; }
  h2, h3, caption, dt { break-after: avoid; }
  tr, dl > div, li { break-inside: avoid; }
  table { font-size: 8.5pt; }
  th, td { min-width: 0; padding: .25rem .4rem; }
}
`;
