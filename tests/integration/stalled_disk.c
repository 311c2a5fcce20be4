/* Makes a disk that stands still, or fails: while the file named by SEKISHO_STALL exists, each sync takes three
   seconds; while the one named by SEKISHO_BREAK exists, each sync of the audit record fails with EIO.
   Preloaded into the gateway by test_stalled_disk.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char stall[512], broken[512];

static void take(const char *name, char *into, size_t size) {
    const char *path = getenv(name); /* the gateway wipes its environment */
    if (path && strlen(path) < size) strcpy(into, path);
}

__attribute__((constructor)) static void remember(void) {
    take("SEKISHO_STALL", stall, sizeof stall);
    take("SEKISHO_BREAK", broken, sizeof broken);
}

static void stand_still(void) {
    const struct timespec three = {3, 0};
    if (*stall && access(stall, F_OK) == 0) nanosleep(&three, NULL);
}

static int fails(int fd) {
    char link[64], path[512];
    if (!*broken || access(broken, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return 0;
    path[size] = 0;
    return strstr(path, "/audit/") != NULL;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    stand_still();
    if (fails(fd)) return errno = EIO, -1;
    return real(fd);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    stand_still();
    return real(fd);
}
