/* A model of a power cut. Preloaded into a process, it copies each file below $SHADOW_SOURCE into $SHADOW_TARGET when the
   process syncs it, and deletes there what was deleted when it syncs the folder: what is in $SHADOW_TARGET at any moment is what a disk would hold if the power went then and nothing
   but synced content had reached it. The power goes for all files at once: whoever copies $SHADOW_TARGET holds a lock on
   that folder, and so do we. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void keep(int fd) {
    const char *source = getenv("SHADOW_SOURCE"), *target = getenv("SHADOW_TARGET");
    char link[64], path[4096], copy[8192], other[8200], buffer[65536];
    if (!source || !target) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    size_t prefix = strlen(source);
    int lock = open(target, O_RDONLY | O_DIRECTORY);
    if (lock < 0 || flock(lock, LOCK_EX)) abort();
    if (!strcmp(path, source)) {
        DIR *kept = opendir(target);
        struct dirent *entry;
        while ((entry = readdir(kept))) {
            snprintf(copy, sizeof copy, "%s/%s", source, entry->d_name);
            snprintf(other, sizeof other, "%s/%s", target, entry->d_name);
            if (entry->d_name[0] != '.' && access(copy, F_OK)) unlink(other);
        }
        closedir(kept);
    }
    close(lock);
    if (strncmp(path, source, prefix) || path[prefix] != '/' || strchr(path + prefix + 1, '/')) return;
    snprintf(copy, sizeof copy, "%s/%s", target, path + prefix + 1);
    snprintf(other, sizeof other, "%s.new", copy);
    lock = open(target, O_RDONLY | O_DIRECTORY);
    if (lock < 0 || flock(lock, LOCK_EX)) abort();
    int from = open(path, O_RDONLY), to = open(other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (from >= 0 && to >= 0) {
        ssize_t count;
        while ((count = read(from, buffer, sizeof buffer)) > 0)
            if (write(to, buffer, count) != count) abort();
        rename(other, copy);
    }
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    close(lock);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}
