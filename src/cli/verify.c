/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offline check of a desk's store.  Runs as the user who typed it; what it reads is suspected
 * of having been changed.
 */
#include "cli/verify.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/json.h"
#include "base/when.h"
#include "cli/args.h"
#include "desk/keygen.h"
#include "desk/receipt.h"
#include "desk/settings.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/blob.h"
#include "store/verify.h"

#define FIRST_MAX 1000

struct verify_report {
    bool json;
    char first[FIRST_MAX]; /* the first bad row */
};

static void tell(void *arg, const struct verify_bad *bad)
{
    struct verify_report *r = arg;
    if (bad->what != VERIFY_ORPHAN && r->first[0] == '\0')
        snprintf(r->first, sizeof r->first, "%s: %s: %s", verify_what_name(bad->what), bad->row,
                 bad->why);
    if (!r->json)
        printf("%s: %s: %s\n", bad->what == VERIFY_ORPHAN ? "note" : "BAD", bad->row, bad->why);
}

static void print_text(const struct verify_counts *n, const struct verify_report *r)
{
    printf("%lld chains, %lld events (%lld shredded)\n", (long long)n->chains, (long long)n->events,
           (long long)n->shredded);
    printf("%lld leaves in the log, %lld events not yet in it, %lld checkpoints\n",
           (long long)n->leaves, (long long)n->unsequenced, (long long)n->checkpoints);
    printf("%lld blobs, %lld files without a row, %lld strange files\n", (long long)n->blobs,
           (long long)n->orphans, (long long)n->strange);
    if (n->bad == 0)
        printf("all of it holds\n");
    else
        printf("%lld bad; the first: %s\n", (long long)n->bad, r->first);
}

static void print_json(const struct verify_counts *n, const struct verify_report *r)
{
    AUTO(json)
    json_t *j = json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s*}", "ok", n->bad == 0,
                          "chains", (json_int_t)n->chains, "events", (json_int_t)n->events,
                          "shredded", (json_int_t)n->shredded, "leaves", (json_int_t)n->leaves,
                          "unsequenced", (json_int_t)n->unsequenced, "checkpoints",
                          (json_int_t)n->checkpoints, "blobs", (json_int_t)n->blobs, "orphans",
                          (json_int_t)n->orphans, "strange", (json_int_t)n->strange, "bad",
                          (json_int_t)n->bad, "first", r->first[0] ? r->first : NULL);
    AUTO(buf) struct buf b = BUF_INIT(65536);
    struct err e = ERR_INIT;
    if (json_write(&b, j, &e) == RC_OK)
        printf("%s\n", buf_c(&b));
}

static enum rc open_blobs(const struct settings *set, int *ret_fd, struct err *e)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/blobs", set->desk.data_dir.p);
    return dir_open(AT_FDCWD, path, ret_fd, e);
}

enum rc verify_all(const struct settings *set, struct db *db, bool json, int64_t *ret_bad,
                   struct err *e)
{
    unsigned char key[KEYGEN_SIGN_LEN];
    AUTO(fd) int blobs = -1;
    TRY(open_blobs(set, &blobs, e));
    TRY(keygen_sign_public(set->desk.data_dir.p, key, e));
    struct verify_report report = {.json = json};
    struct verify_opts o = {.blob_dirfd = blobs, .pub_key = key, .tell = tell, .arg = &report};
    struct verify_counts n;
    TRY(verify_run(db, &o, &n, e));
    *ret_bad = n.bad;
    if (json)
        print_json(&n, &report);
    else
        print_text(&n, &report);
    return RC_OK;
}

#define ORPHAN_AGE_S 86400 /* younger ones may belong to a mail that is just being taken in */

struct collector {
    struct db *db;
    int blobs;
    int64_t now_s, removed;
};

static enum rc collect_one(void *arg, struct str name, struct err *e)
{
    struct collector *c = arg;
    bool orphan = false;
    AUTO(fd) int fd = -1;
    struct stat st;
    TRY(blob_orphan(c->db, name, &orphan, e));
    if (!orphan)
        return RC_OK;
    TRY(blob_open(c->blobs, name, &fd, e));
    if (fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "looking at a blob");
    if (c->now_s - st.st_mtime < ORPHAN_AGE_S)
        return RC_OK;
    TRY(blob_del(c->blobs, name, e));
    c->removed++;
    return RC_OK;
}

/* Files that a crash left between the sealing of a mail and its transaction. */
static enum rc collect(const struct settings *set, struct db *db, struct err *e)
{
    AUTO(fd) int blobs = -1;
    TRY(open_blobs(set, &blobs, e));
    struct collector c = {.db = db, .blobs = blobs, .now_s = clock_now_us() / US_PER_S};
    TRY(blob_each(blobs, collect_one, &c, NULL, e));
    printf("%lld files without a row, older than a day, removed\n", (long long)c.removed);
    return RC_OK;
}

/* Size and root out of a receipt or a checkpoint note, after its signature was checked. */
static enum rc read_point(struct str text, const unsigned char *key, int64_t *ret_size,
                          struct hash *ret_root, struct err *e)
{
    struct checkpoint_note note;
    if (str_starts(text, STR("vulndesk checkpoint"))) {
        TRY(verify_note(text, key, &note, e));
        *ret_size = note.c.size;
        *ret_root = note.c.root;
        return RC_OK;
    }
    AUTO(buf) struct buf lines = BUF_INIT(RECEIPT_MAX);
    struct receipt r;
    TRY(receipt_verify(text, key, &lines, &r, e));
    if (r.log_size == 0)
        return err_set(e, RC_INVALID, "this receipt carries no checkpoint");
    *ret_size = r.log_size;
    memcpy(ret_root->b, r.log_root, sizeof ret_root->b);
    return RC_OK;
}

static enum rc verify_point(const struct settings *set, struct db *db, const char *file,
                            struct err *e)
{
    unsigned char key[KEYGEN_SIGN_LEN];
    AUTO(buf) struct buf text = BUF_INIT(RECEIPT_MAX);
    int64_t size = 0;
    struct hash root;
    TRY(file_read(AT_FDCWD, file, RECEIPT_MAX, &text, e));
    TRY(keygen_sign_public(set->desk.data_dir.p, key, e));
    TRY(read_point(buf_str(&text), key, &size, &root, e));
    TRY(verify_checkpoint(db, size, &root, e));
    printf("the log of now continues that of %lld events, unchanged\n", (long long)size);
    return RC_OK;
}

int verify_main(int argc, char **argv)
{
    struct arg known[] = {{.name = "--config"},
                          {.name = "--json", .flag = true},
                          {.name = "--checkpoint"},
                          {.name = "--collect", .flag = true}};
    struct args a = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    if (args_parse(&a, argc, argv, &e) != RC_OK || a.n_words > 0) {
        fprintf(stderr, "vulndesk verify: %s\n", e.msg[0] ? e.msg : "takes no words");
        return EX_USAGE;
    }
    AUTO(settings) struct settings *set = NULL;
    AUTO(db) struct db *db = NULL;
    int64_t bad = 0;
    enum rc rc = settings_load(known[0].value ? known[0].value : SETTINGS_FILE, NULL, &set, &e);
    if (rc == RC_OK)
        rc = db_open_readonly(set->store.url.p, &db, &e);
    if (rc == RC_OK)
        rc = known[2].value ? verify_point(set, db, known[2].value, &e)
                            : verify_all(set, db, known[1].value != NULL, &bad, &e);
    if (rc == RC_OK && bad == 0 && known[3].value)
        rc = collect(set, db, &e);
    if (rc == RC_OK)
        return bad > 0;
    fprintf(stderr, "vulndesk verify: %s\n", e.msg);
    return rc == RC_CONFLICT || rc == RC_DENIED ? 1 : rc_exit(rc);
}
