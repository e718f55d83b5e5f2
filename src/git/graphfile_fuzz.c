/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a commit-graph file, with the checksum made right: nothing outside of them is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "git/graphfile.h"
#include "os/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct graph_file *f)
{
    uint32_t p[GRAPH_PARENTS], at;
    size_t n;
    const unsigned char *lost;
    struct graph_record r;
    struct err e = ERR_INIT;
    for (uint32_t i = 0; i < f->n; i++) {
        graph_file_record(f, i, &r);
        (void)graph_file_find(f, graph_file_id(f, i));
        (void)!graph_file_parents(f, i, p, GRAPH_PARENTS, &n, &e);
    }
    for (size_t i = 0; graph_file_cut(f, i, &at, &lost); i++)
        BUG_ON(at >= f->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 21)
        return 0;
    AUTO(fd) int fd = -1;
    AUTO(graph_file) struct graph_file *f = NULL;
    AUTO(buf) struct buf b = BUF_INIT(size);
    struct err e = ERR_INIT;
    char path[40];
    buf_add(&b, str_of(data, size));
    sha1(str_sub(buf_str(&b), 0, size - 20), (unsigned char *)b.p + size - 20);
    if (memfd_of(buf_str(&b), "graph", &fd, &e) != RC_OK)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (graph_file_open(path, 20, &f, &e) == RC_OK)
        use(f);
    return 0;
}
