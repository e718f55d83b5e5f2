/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects sealed files that no row names: what a crash left between the sealing of a mail and its
 * transaction, and what an erasure could not drop.  Runs in the first core, which sees the names of
 * the blob folder and nothing more; keys removes.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/when.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/core.h"
#include "store/blob.h"

#define ORPHAN_AGE_S 86400 /* younger ones may belong to a mail that is just being taken in */
#define ROUND_US     US_PER_DAY

enum rc core_sweep_open(struct core *c, struct err *e)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/blobs", c->set->desk.data_dir.p);
    return dir_open(AT_FDCWD, path, &c->blobs_fd, e);
}

struct sweep {
    struct core *c;
    int64_t now_s;
    size_t dropped;
};

static enum rc look(void *arg, struct str name, struct err *e)
{
    struct sweep *s = arg;
    struct stat st;
    char path[SHA256_HEX + 4], file[SHA256_HEX];
    bool orphan = false;
    snprintf(path, sizeof path, "%.2s/%.*s", name.p, STR_ARG(name));
    if (fstatat(s->c->blobs_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        s->now_s - st.st_mtime < ORPHAN_AGE_S)
        return RC_OK;
    TRY(blob_orphan(s->c->db, name, &orphan, e));
    if (!orphan)
        return RC_OK;
    TRY(str_copy(file, sizeof file, name, "a blob", e));
    core_blob_drop(s->c, file);
    s->dropped++;
    return RC_OK;
}

/* One of the folders in each turn, all of them once a day: no turn takes long. */
void core_sweep_step(struct core *c)
{
    struct err e = ERR_INIT;
    struct sweep s = {.c = c, .now_s = clock_now_us() / US_PER_S};
    int64_t now = clock_mono_us();
    if (c->role.index != 0 || c->store_away || now < c->sweep_next_us)
        return;
    if (blob_each_of(c->blobs_fd, c->sweep_folder, look, &s, &e) != RC_OK)
        log_event(LOG_WARN_, "orphans-not-looked-for", "folder=%u code=%s", c->sweep_folder,
                  rc_name(e.rc));
    if (s.dropped > 0)
        log_event(LOG_INFO_, "orphans", "folder=%u dropped=%zu", c->sweep_folder, s.dropped);
    c->sweep_folder = (c->sweep_folder + 1) % BLOB_FOLDERS;
    c->sweep_next_us = c->sweep_folder == 0 ? now + ROUND_US : now + CORE_POLL_MS * 1000;
}
