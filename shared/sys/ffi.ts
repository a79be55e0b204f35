// Opens the C library for one JavaScript thread and turns C prototypes into functions.
// Called by the other files of this folder only; nothing outside shared/sys may load native code.
// Every module of this folder is loaded once per thread, and so is everything declared here.

import * as koffi from 'koffi';

/** The C library: by name on glibc, through the node binary's own symbols elsewhere (musl). */
const libc = openLibrary('libc.so.6', false);

/**
 * Declares a C function. Pointers are declared `uintptr_t` and passed as numbers: such a call
 * allocates nothing. `T` must be the JavaScript shape of `prototype`.
 */
export function declare<T extends CFunction>(prototype: string): T {
  return bindFunction<T>(libc, prototype);
}

/** As `declare`, but null where the C library has no such symbol. */
export function declareOptional<T extends CFunction>(prototype: string): T | null {
  return bindOptional<T>(libc, prototype);
}

/** What a C function looks like from here: numbers and strings in, one value out. */
export type CFunction = (...values: never[]) => unknown;

/** Declares a function of `library`. Throws when the symbol does not exist. */
export function bindFunction<T extends CFunction>(
  library: koffi.LibraryHandle,
  prototype: string,
): T {
  // koffi types every function as (...any) => any; the prototype beside the call is the real type.
  return library.func(prototype) as unknown as T;
}

/** Declares a function of `library`, null when the symbol does not exist. */
export function bindOptional<T extends CFunction>(
  library: koffi.LibraryHandle,
  prototype: string,
): T | null {
  try {
    return bindFunction<T>(library, prototype);
  } catch {
    return null;
  }
}

/**
 * Opens a library, or the node binary where it does not exist. `apart`: its own symbols come before
 * those of the process, so that it cannot be mixed with another version of itself.
 */
export function openLibrary(name: string, apart: boolean): koffi.LibraryHandle {
  try {
    return koffi.load(name, { deep: apart });
  } catch {
    return koffi.load(null);
  }
}

/** The node binary and everything it is linked with. */
export const self: koffi.LibraryHandle = koffi.load(null);

/** Reads errno: call it directly after a failed call, before anything else. */
export const lastErrno: () => number = koffi.errno;

/** The C convention (-1 and errno) as ours (minus errno). */
export function outcome(result: number): number {
  return result >= 0 ? result : -lastErrno();
}

/** Where `bytes` lies. The memory must be an ArrayBuffer's or SharedArrayBuffer's own. */
export function addressOf(bytes: Uint8Array): number {
  return Number(koffi.address(bytes));
}
