// The fake worker has no threads: there is nothing to prepare. Called by master/ as the worker's
// own file of this name is.

export function prepareThreads(): void {}

export async function dropThreads(): Promise<void> {}
