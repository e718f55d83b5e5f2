/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that cannot fail, scope release, and the end of a process that found its own mistake.
 * Runs in every role; has no input.
 */
#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE_PAGE (2u << 20)

_Noreturn void bug_at(const char *file, int line, const char *what)
{
    fprintf(stderr, "vulndesk: bug at %s:%d: %s\n", file, line, what);
    abort();
}

void *mem_alloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    BUG_ON(p == NULL);
    return p;
}

void *mem_zalloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    BUG_ON(p == NULL);
    return p;
}

void *mem_realloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    BUG_ON(q == NULL);
    return q;
}

void *mem_table(size_t n)
{
    void *p;
    if (n < LARGE_PAGE)
        return mem_alloc(n);
    BUG_ON(posix_memalign(&p, LARGE_PAGE, n) != 0);
    (void)madvise(p, n / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE); /* refused: only slower */
    return p;
}

char *mem_strndup(const char *p, size_t n)
{
    char *s = mem_alloc(n + 1);
    memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

void mem_auto(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p);
    free(p);
}

void fd_auto(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fd_take(int *fd)
{
    int v = *fd;
    *fd = -1;
    return v;
}
