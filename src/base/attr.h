/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_ATTR_H
#define VULNDESK_BASE_ATTR_H

#include <stddef.h>

#define WARN_UNUSED       __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/*
 * Release at end of scope: AUTO(buf) struct buf b = ...; calls buf_auto(&b).  Each type that can be
 * released this way defines an inline TYPE_auto(TYPE *) in its header.  TAKE(p) hands a pointer
 * over and leaves NULL behind, so that the release at end of scope does nothing.
 */
#define AUTO(type) __attribute__((cleanup(type##_auto)))
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) take_ = (p);                                                                 \
        (p) = NULL;                                                                                \
        take_;                                                                                     \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Our own mistake, never input: says where and ends the process, in release builds too. */
#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (__builtin_expect(!!(cond), 0))                                                         \
            bug_at(__FILE__, __LINE__, #cond);                                                     \
    } while (0)

_Noreturn void bug_at(const char *file, int line, const char *what);

/* malloc/calloc/realloc that end the process when memory is out.  Free with free(). */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);
char *mem_strndup(const char *p, size_t n);
/* Room for a large table that is used all over: on large pages where the system has them, so that
 * filling it does not stop at every small one.  Not zeroed; mem_realloc may move it to small ones.
 */
void *mem_table(size_t n);

/* AUTO(mem) char *p: free(3) at end of scope. */
void mem_auto(void *pp);
/* AUTO(fd) int fd = -1: close(2) at end of scope when >= 0. */
void fd_auto(int *fd);
/* Hands a descriptor over: returns *fd and sets it to -1. */
int fd_take(int *fd);

#endif
