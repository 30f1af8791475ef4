/**
 * The C library's functions, by koffi; this folder is the only place that calls them.
 *
 * They are bound at their first call, so that importing this file does nothing on a machine that is
 * not a Linux one. A result of -1 means an error, whose number `errno()` gives until the next call.
 * Pointers are octets that the call may read or write in place; nothing is copied.
 */
import koffi from 'koffi';

/** What a pointer argument takes: octets, an address (`memory.ts`), or nothing. */
export type Pointer = Uint8Array | bigint | null;

/** The symbols of this process: its C library, whichever it is. */
let library: ReturnType<typeof koffi.load> | undefined;

function bind<F extends (...args: never[]) => number>(definition: string): F {
  let bound: F | undefined;
  const call = (...args: Parameters<F>): number => {
    library ??= koffi.load(null);
    bound ??= library.func(definition) as unknown as F;
    return bound(...args);
  };
  return call as F;
}

/** The number of the error of the last call. */
export const errno = (): number => koffi.errno();

// Lengths stay below 2^31, so `int` holds what is ssize_t in the headers, and is never a BigInt.
export const open = bind<(path: string, flags: number, mode: number) => number>(
  'int open(const char *path, int flags, unsigned int mode)',
);
export const flock = bind<(fd: number, operation: number) => number>(
  'int flock(int fd, int operation)',
);
export const close = bind<(fd: number) => number>('int close(int fd)');
export const read = bind<(fd: number, into: Pointer, size: number) => number>(
  'int read(int fd, void *into, size_t size)',
);
export const write = bind<(fd: number, from: Pointer, size: number) => number>(
  'int write(int fd, void *from, size_t size)',
);
export const writev = bind<(fd: number, vectors: Pointer, count: number) => number>(
  'int writev(int fd, void *vectors, int count)',
);
export const ioctl = bind<(fd: number, request: number, argument: Pointer) => number>(
  'int ioctl(int fd, unsigned long request, void *argument)',
);
export const socket = bind<(family: number, type: number, protocol: number) => number>(
  'int socket(int family, int type, int protocol)',
);
export const bindSocket = bind<(fd: number, address: Pointer, size: number) => number>(
  'int bind(int fd, void *address, unsigned int size)',
);
export const getsockname = bind<(fd: number, address: Pointer, size: Pointer) => number>(
  'int getsockname(int fd, void *address, void *size)',
);
export const getpeername = bind<(fd: number, address: Pointer, size: Pointer) => number>(
  'int getpeername(int fd, void *address, void *size)',
);
export const connectSocket = bind<(fd: number, address: Pointer, size: number) => number>(
  'int connect(int fd, void *address, unsigned int size)',
);
export const listen = bind<(fd: number, backlog: number) => number>(
  'int listen(int fd, int backlog)',
);
export const accept4 = bind<(fd: number, address: Pointer, size: Pointer, flags: number) => number>(
  'int accept4(int fd, void *address, void *size, int flags)',
);
export const shutdown = bind<(fd: number, how: number) => number>('int shutdown(int fd, int how)');
export const setsockopt = bind<
  (fd: number, level: number, name: number, value: Pointer, size: number) => number
>('int setsockopt(int fd, int level, int name, void *value, unsigned int size)');
export const getsockopt = bind<
  (fd: number, level: number, name: number, value: Pointer, size: Pointer) => number
>('int getsockopt(int fd, int level, int name, void *value, void *size)');
export const recv = bind<(fd: number, into: Pointer, size: number, flags: number) => number>(
  'int recv(int fd, void *into, size_t size, int flags)',
);
export const send = bind<(fd: number, from: Pointer, size: number, flags: number) => number>(
  'int send(int fd, void *from, size_t size, int flags)',
);
export const sendto = bind<
  (fd: number, from: Pointer, size: number, flags: number, to: Pointer, sizeOfTo: number) => number
>('int sendto(int fd, void *from, size_t size, int flags, void *to, unsigned int sizeOfTo)');
export const recvmmsg = bind<
  (fd: number, messages: Pointer, count: number, flags: number, timeout: Pointer) => number
>('int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)');
export const sendmmsg = bind<
  (fd: number, messages: Pointer, count: number, flags: number) => number
>('int sendmmsg(int fd, void *messages, unsigned int count, int flags)');
export const poll = bind<(fds: Pointer, count: number, timeout: number) => number>(
  'int poll(void *fds, unsigned long count, int timeout)',
);
export const unshare = bind<(flags: number) => number>('int unshare(int flags)');
export const setns = bind<(fd: number, type: number) => number>('int setns(int fd, int type)');
export const mount = bind<
  (from: string, on: string, type: string | null, flags: number, data: string | null) => number
>(
  'int mount(const char *from, const char *on, const char *type, unsigned long flags, const char *data)',
);
export const umount2 = bind<(on: string, flags: number) => number>(
  'int umount2(const char *on, int flags)',
);
export const epollCreate1 = bind<(flags: number) => number>('int epoll_create1(int flags)');
export const epollCtl = bind<(epoll: number, what: number, fd: number, event: Pointer) => number>(
  'int epoll_ctl(int epoll, int what, int fd, void *event)',
);
export const epollWait = bind<
  (epoll: number, events: Pointer, count: number, timeout: number) => number
>('int epoll_wait(int epoll, void *events, int count, int timeout)');
export const clockGettime = bind<(clock: number, into: Pointer) => number>(
  'int clock_gettime(int clock, void *into)',
);
export const timerfdCreate = bind<(clock: number, flags: number) => number>(
  'int timerfd_create(int clock, int flags)',
);
export const timerfdSettime = bind<
  (fd: number, flags: number, value: Pointer, old: Pointer) => number
>('int timerfd_settime(int fd, int flags, void *value, void *old)');
export const ifNametoindex = bind<(name: string) => number>(
  'unsigned int if_nametoindex(const char *name)',
);
/** `syscall` with three arguments, as bpf(2) takes them. */
export const syscall3 = bind<(number: number, a: number, b: Pointer, c: number) => number>(
  'int syscall(long number, int a, void *b, unsigned int c)',
);

// <fcntl.h>, asm-generic/fcntl.h: the same numbers on every architecture that koffi is built for.
export const O_RDONLY = 0;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
