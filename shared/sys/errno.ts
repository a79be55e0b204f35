// Names and texts of Linux error numbers, for messages and logs. Called by everything that reports
// a failed call of `Sys`. Numbers and texts are those of x86-64 and arm64 Linux with the GNU C
// library, also where musl words them differently: HAProxy's users read these.

interface ErrorRow {
  readonly code: number;
  readonly name: string;
  readonly text: string;
}

/** The name of an error, e.g. 98 and -98: EADDRINUSE. An unknown one: E<number>. */
export function errnoName(code: number): string {
  const number = Math.abs(code);
  return byCode.get(number)?.name ?? `E${number}`;
}

/** What the C library says of an error, e.g. 98 and -98: "Address already in use". */
export function errnoText(code: number): string {
  const number = Math.abs(code);
  if (number === 0) return 'Success';
  return byCode.get(number)?.text ?? `Unknown error ${number}`;
}

/** What a failed call of Node's own says, as the C library would; other faults by their message. */
export function faultText(fault: unknown): string {
  const errno = fault instanceof Error && 'errno' in fault ? Number(fault.errno) : NaN;
  if (errno < 0) return errnoText(errno);
  return fault instanceof Error ? fault.message : String(fault);
}

const rows = [
  { code: 1, name: 'EPERM', text: 'Operation not permitted' },
  { code: 2, name: 'ENOENT', text: 'No such file or directory' },
  { code: 3, name: 'ESRCH', text: 'No such process' },
  { code: 4, name: 'EINTR', text: 'Interrupted system call' },
  { code: 5, name: 'EIO', text: 'Input/output error' },
  { code: 6, name: 'ENXIO', text: 'No such device or address' },
  { code: 7, name: 'E2BIG', text: 'Argument list too long' },
  { code: 8, name: 'ENOEXEC', text: 'Exec format error' },
  { code: 9, name: 'EBADF', text: 'Bad file descriptor' },
  { code: 10, name: 'ECHILD', text: 'No child processes' },
  { code: 11, name: 'EAGAIN', text: 'Resource temporarily unavailable' },
  { code: 12, name: 'ENOMEM', text: 'Cannot allocate memory' },
  { code: 13, name: 'EACCES', text: 'Permission denied' },
  { code: 14, name: 'EFAULT', text: 'Bad address' },
  { code: 15, name: 'ENOTBLK', text: 'Block device required' },
  { code: 16, name: 'EBUSY', text: 'Device or resource busy' },
  { code: 17, name: 'EEXIST', text: 'File exists' },
  { code: 18, name: 'EXDEV', text: 'Invalid cross-device link' },
  { code: 19, name: 'ENODEV', text: 'No such device' },
  { code: 20, name: 'ENOTDIR', text: 'Not a directory' },
  { code: 21, name: 'EISDIR', text: 'Is a directory' },
  { code: 22, name: 'EINVAL', text: 'Invalid argument' },
  { code: 23, name: 'ENFILE', text: 'Too many open files in system' },
  { code: 24, name: 'EMFILE', text: 'Too many open files' },
  { code: 25, name: 'ENOTTY', text: 'Inappropriate ioctl for device' },
  { code: 26, name: 'ETXTBSY', text: 'Text file busy' },
  { code: 27, name: 'EFBIG', text: 'File too large' },
  { code: 28, name: 'ENOSPC', text: 'No space left on device' },
  { code: 29, name: 'ESPIPE', text: 'Illegal seek' },
  { code: 30, name: 'EROFS', text: 'Read-only file system' },
  { code: 31, name: 'EMLINK', text: 'Too many links' },
  { code: 32, name: 'EPIPE', text: 'Broken pipe' },
  { code: 33, name: 'EDOM', text: 'Numerical argument out of domain' },
  { code: 34, name: 'ERANGE', text: 'Numerical result out of range' },
  { code: 35, name: 'EDEADLK', text: 'Resource deadlock avoided' },
  { code: 36, name: 'ENAMETOOLONG', text: 'File name too long' },
  { code: 37, name: 'ENOLCK', text: 'No locks available' },
  { code: 38, name: 'ENOSYS', text: 'Function not implemented' },
  { code: 39, name: 'ENOTEMPTY', text: 'Directory not empty' },
  { code: 40, name: 'ELOOP', text: 'Too many levels of symbolic links' },
  { code: 42, name: 'ENOMSG', text: 'No message of desired type' },
  { code: 43, name: 'EIDRM', text: 'Identifier removed' },
  { code: 44, name: 'ECHRNG', text: 'Channel number out of range' },
  { code: 45, name: 'EL2NSYNC', text: 'Level 2 not synchronized' },
  { code: 46, name: 'EL3HLT', text: 'Level 3 halted' },
  { code: 47, name: 'EL3RST', text: 'Level 3 reset' },
  { code: 48, name: 'ELNRNG', text: 'Link number out of range' },
  { code: 49, name: 'EUNATCH', text: 'Protocol driver not attached' },
  { code: 50, name: 'ENOCSI', text: 'No CSI structure available' },
  { code: 51, name: 'EL2HLT', text: 'Level 2 halted' },
  { code: 52, name: 'EBADE', text: 'Invalid exchange' },
  { code: 53, name: 'EBADR', text: 'Invalid request descriptor' },
  { code: 54, name: 'EXFULL', text: 'Exchange full' },
  { code: 55, name: 'ENOANO', text: 'No anode' },
  { code: 56, name: 'EBADRQC', text: 'Invalid request code' },
  { code: 57, name: 'EBADSLT', text: 'Invalid slot' },
  { code: 59, name: 'EBFONT', text: 'Bad font file format' },
  { code: 60, name: 'ENOSTR', text: 'Device not a stream' },
  { code: 61, name: 'ENODATA', text: 'No data available' },
  { code: 62, name: 'ETIME', text: 'Timer expired' },
  { code: 63, name: 'ENOSR', text: 'Out of streams resources' },
  { code: 64, name: 'ENONET', text: 'Machine is not on the network' },
  { code: 65, name: 'ENOPKG', text: 'Package not installed' },
  { code: 66, name: 'EREMOTE', text: 'Object is remote' },
  { code: 67, name: 'ENOLINK', text: 'Link has been severed' },
  { code: 68, name: 'EADV', text: 'Advertise error' },
  { code: 69, name: 'ESRMNT', text: 'Srmount error' },
  { code: 70, name: 'ECOMM', text: 'Communication error on send' },
  { code: 71, name: 'EPROTO', text: 'Protocol error' },
  { code: 72, name: 'EMULTIHOP', text: 'Multihop attempted' },
  { code: 73, name: 'EDOTDOT', text: 'RFS specific error' },
  { code: 74, name: 'EBADMSG', text: 'Bad message' },
  { code: 75, name: 'EOVERFLOW', text: 'Value too large for defined data type' },
  { code: 76, name: 'ENOTUNIQ', text: 'Name not unique on network' },
  { code: 77, name: 'EBADFD', text: 'File descriptor in bad state' },
  { code: 78, name: 'EREMCHG', text: 'Remote address changed' },
  { code: 79, name: 'ELIBACC', text: 'Can not access a needed shared library' },
  { code: 80, name: 'ELIBBAD', text: 'Accessing a corrupted shared library' },
  { code: 81, name: 'ELIBSCN', text: '.lib section in a.out corrupted' },
  { code: 82, name: 'ELIBMAX', text: 'Attempting to link in too many shared libraries' },
  { code: 83, name: 'ELIBEXEC', text: 'Cannot exec a shared library directly' },
  { code: 84, name: 'EILSEQ', text: 'Invalid or incomplete multibyte or wide character' },
  { code: 85, name: 'ERESTART', text: 'Interrupted system call should be restarted' },
  { code: 86, name: 'ESTRPIPE', text: 'Streams pipe error' },
  { code: 87, name: 'EUSERS', text: 'Too many users' },
  { code: 88, name: 'ENOTSOCK', text: 'Socket operation on non-socket' },
  { code: 89, name: 'EDESTADDRREQ', text: 'Destination address required' },
  { code: 90, name: 'EMSGSIZE', text: 'Message too long' },
  { code: 91, name: 'EPROTOTYPE', text: 'Protocol wrong type for socket' },
  { code: 92, name: 'ENOPROTOOPT', text: 'Protocol not available' },
  { code: 93, name: 'EPROTONOSUPPORT', text: 'Protocol not supported' },
  { code: 94, name: 'ESOCKTNOSUPPORT', text: 'Socket type not supported' },
  { code: 95, name: 'EOPNOTSUPP', text: 'Operation not supported' },
  { code: 96, name: 'EPFNOSUPPORT', text: 'Protocol family not supported' },
  { code: 97, name: 'EAFNOSUPPORT', text: 'Address family not supported by protocol' },
  { code: 98, name: 'EADDRINUSE', text: 'Address already in use' },
  { code: 99, name: 'EADDRNOTAVAIL', text: 'Cannot assign requested address' },
  { code: 100, name: 'ENETDOWN', text: 'Network is down' },
  { code: 101, name: 'ENETUNREACH', text: 'Network is unreachable' },
  { code: 102, name: 'ENETRESET', text: 'Network dropped connection on reset' },
  { code: 103, name: 'ECONNABORTED', text: 'Software caused connection abort' },
  { code: 104, name: 'ECONNRESET', text: 'Connection reset by peer' },
  { code: 105, name: 'ENOBUFS', text: 'No buffer space available' },
  { code: 106, name: 'EISCONN', text: 'Transport endpoint is already connected' },
  { code: 107, name: 'ENOTCONN', text: 'Transport endpoint is not connected' },
  { code: 108, name: 'ESHUTDOWN', text: 'Cannot send after transport endpoint shutdown' },
  { code: 109, name: 'ETOOMANYREFS', text: 'Too many references: cannot splice' },
  { code: 110, name: 'ETIMEDOUT', text: 'Connection timed out' },
  { code: 111, name: 'ECONNREFUSED', text: 'Connection refused' },
  { code: 112, name: 'EHOSTDOWN', text: 'Host is down' },
  { code: 113, name: 'EHOSTUNREACH', text: 'No route to host' },
  { code: 114, name: 'EALREADY', text: 'Operation already in progress' },
  { code: 115, name: 'EINPROGRESS', text: 'Operation now in progress' },
  { code: 116, name: 'ESTALE', text: 'Stale file handle' },
  { code: 117, name: 'EUCLEAN', text: 'Structure needs cleaning' },
  { code: 118, name: 'ENOTNAM', text: 'Not a XENIX named type file' },
  { code: 119, name: 'ENAVAIL', text: 'No XENIX semaphores available' },
  { code: 120, name: 'EISNAM', text: 'Is a named type file' },
  { code: 121, name: 'EREMOTEIO', text: 'Remote I/O error' },
  { code: 122, name: 'EDQUOT', text: 'Disk quota exceeded' },
  { code: 123, name: 'ENOMEDIUM', text: 'No medium found' },
  { code: 124, name: 'EMEDIUMTYPE', text: 'Wrong medium type' },
  { code: 125, name: 'ECANCELED', text: 'Operation canceled' },
  { code: 126, name: 'ENOKEY', text: 'Required key not available' },
  { code: 127, name: 'EKEYEXPIRED', text: 'Key has expired' },
  { code: 128, name: 'EKEYREVOKED', text: 'Key has been revoked' },
  { code: 129, name: 'EKEYREJECTED', text: 'Key was rejected by service' },
  { code: 130, name: 'EOWNERDEAD', text: 'Owner died' },
  { code: 131, name: 'ENOTRECOVERABLE', text: 'State not recoverable' },
  { code: 132, name: 'ERFKILL', text: 'Operation not possible due to RF-kill' },
  { code: 133, name: 'EHWPOISON', text: 'Memory page has hardware error' },
] satisfies readonly ErrorRow[];

const byCode: ReadonlyMap<number, ErrorRow> = new Map(rows.map((row) => [row.code, row]));
