/** What a session's program calls itself, in the few words that tell one device from another. */

const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg[A-Z]?[a-z]*\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/.*Safari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\b(?:Macintosh|Mac OS X)\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

const first = (agent: string, of: readonly [RegExp, string][]) => of.find(([sign]) => sign.test(agent))?.[1] ?? '';

/** The browser and its system; of other programs the first word, which names them. */
export function program(agent: string): { name: string; system: string } {
  if (!agent.startsWith('Mozilla/')) return { name: (agent.split(/[\s/(]/, 1)[0] ?? '').slice(0, 60), system: '' };
  return { name: first(agent, BROWSERS), system: first(agent, SYSTEMS) };
}
