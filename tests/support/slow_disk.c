/* A disk that takes 400 ms to say that something is safe: preloaded, it slows each sync down. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#define SLOW(name)                                                        \
    int name(int descriptor)                                              \
    {                                                                     \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name);         \
        usleep(400 * 1000);                                               \
        return real(descriptor);                                          \
    }

SLOW(fsync)
SLOW(fdatasync)
