// The style sheet of the statistics page: colours by state, in light and in dark. Plain ASCII,
// without scripts, fonts or images. Written by page.ts into every page.

/** State of a row, as its class; the legend of the page lists them in this order. */
export const rowStates = [
  ['up', 'active, UP'],
  ['up backup', 'backup, UP'],
  ['falling', 'UP, going down'],
  ['rising', 'DOWN, going up'],
  ['down', 'DOWN'],
  ['drain', 'DRAIN or stopping'],
  ['maint', 'in maintenance'],
  ['unchecked', 'not checked'],
] as const;

const light = `--page:#f6f7f9;--card:#fff;--text:#1c2330;--soft:#667085;--line:#dfe3ea;--head:#eef1f5;
--accent:#0f5f7a;--up:#d9f5dc;--upbackup:#d8ecfb;--falling:#fdf3c4;--rising:#ffe3c2;--down:#fbd0d0;
--drain:#d5e0fb;--maint:#ead9c2;--unchecked:#eceef1;--total:#e6ebf2;`;
const dark = `--page:#12161c;--card:#1a2028;--text:#dde3ec;--soft:#94a0b3;--line:#2e3743;--head:#222a35;
--accent:#6cc5e3;--up:#1d4527;--upbackup:#1b3d57;--falling:#574a13;--rising:#5c3a12;--down:#622526;
--drain:#27376b;--maint:#4d3b25;--unchecked:#2a313b;--total:#252e3a;`;

const states = ['falling', 'rising', 'down', 'drain', 'maint', 'unchecked'];

export const pageStyle = `:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0;padding:20px 24px;background:var(--page);color:var(--text);
font:12px/1.35 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
h1{font-size:20px;margin:0 0 2px}h1 small{font-weight:400;color:var(--soft);font-size:13px}
.about{color:var(--soft);margin:0 0 12px}
.cards{display:flex;flex-wrap:wrap;gap:10px;margin:0 0 18px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
.card h2{margin:0 0 6px;font-size:11px;letter-spacing:.05em;text-transform:uppercase;
color:var(--soft)}
.card dl{display:grid;grid-template-columns:auto auto auto auto;gap:2px 14px;margin:0}
.card dt{color:var(--soft)}.card dd{margin:0;font-variant-numeric:tabular-nums}
.card ul{margin:0;padding:0;list-style:none;columns:2;column-gap:18px}
.card li{break-inside:avoid;padding:1px 0}
.card .swatch{display:inline-block;width:14px;height:11px;margin-right:6px;border-radius:3px;
border:1px solid var(--line);vertical-align:-1px}
input,select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
border-radius:5px;padding:3px 7px}
button{cursor:pointer;background:var(--head)}
.outcome{padding:8px 14px;border-radius:8px;border:1px solid var(--line);margin:0 0 14px;
background:var(--up)}.outcome.bad{background:var(--down)}
section{margin:0 0 22px}
section h2{font-size:14px;margin:0 0 5px}section h2 small{font-weight:400;color:var(--soft)}
.frame{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;white-space:nowrap;font-variant-numeric:tabular-nums}
th{background:var(--head);color:var(--soft);font-weight:600;font-size:11px}
th,td{padding:3px 6px;text-align:right;border-bottom:1px solid var(--line)}
th{text-align:center}tbody tr:last-child td{border-bottom:0}
.g{border-left:1px solid var(--line)}
td.n,th.n{text-align:left;font-weight:600;position:sticky;left:0;background:var(--head)}
td.s{text-align:left}u{text-decoration:none;margin-left:.22em}
td[title]{text-decoration:underline dotted var(--soft);text-underline-offset:2px}
tr.total td{background:var(--total);font-weight:600}
tr.up td,.swatch.up{background:var(--up)}
tr.up.backup td,.swatch.up.backup{background:var(--upbackup)}
${states.map((name) => `tr.${name} td,.swatch.${name}{background:var(--${name})}`).join('\n')}
.tools{display:flex;flex-wrap:wrap;gap:8px;align-items:center;padding:7px 0 0}
footer{color:var(--soft)}
@media print{body{padding:0}.card.options{display:none}}
`;
