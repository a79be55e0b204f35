// hawser's own version, the one of package.json (version.test.ts holds them together): read by
// whoever prints it, so that no start has to look for package.json.

export const hawserVersion = '0.1.0';
