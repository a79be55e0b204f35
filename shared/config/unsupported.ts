export const unsupportedGlobal: readonly string[] = [];
export const unsupportedProxy: readonly string[] = [];
export const unsupportedOptions: readonly string[] = [];
export const unsupportedBind: readonly string[] = [];
export const unsupportedServer: readonly string[] = [];
export const unsupportedSections: readonly string[] = [];
export const obsoleteWords: Readonly<Record<string, string>> = {};
