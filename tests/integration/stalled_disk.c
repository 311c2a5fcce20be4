/* Makes a disk that stands still: while the file named by SEKISHO_STALL exists, each sync takes three seconds.
   Preloaded into the gateway by test_stalled_disk.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char stall[512];

__attribute__((constructor)) static void remember(void) {
    const char *path = getenv("SEKISHO_STALL"); /* the gateway wipes its environment */
    if (path && strlen(path) < sizeof stall) strcpy(stall, path);
}

static void stand_still(void) {
    const struct timespec three = {3, 0};
    if (*stall && access(stall, F_OK) == 0) nanosleep(&three, NULL);
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    stand_still();
    return real(fd);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    stand_still();
    return real(fd);
}
