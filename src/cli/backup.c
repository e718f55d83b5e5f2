/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vulndesk backup`.  Runs as the user who typed it, who must be able to read the data folder: the
 * desk's own user or root.  Asks nothing of the running desk.
 */
#include "cli/backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sysexits.h>

#include "base/when.h"
#include "cli/archive.h"
#include "cli/args.h"
#include "desk/settings.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/blob.h"
#include "store/snapshot.h"

struct backup {
    const struct settings *set;
    struct archive a;
    int data, blobs; /* folders of the desk */
    bool keys, pg;
    int64_t spool;
    char dir[FILE_PATH_MAX];
};

static enum rc room_for(struct backup *b, struct err *e)
{
    int64_t db, blobs, spool;
    TRY(snapshot_size(b->set->store.url.p, &db, e));
    TRY(archive_weigh(b->data, "blobs", &blobs, e));
    TRY(archive_weigh(b->data, "spool", &spool, e));
    return archive_room(b->a.dirfd, db + blobs + spool, e);
}

static enum rc take_spool(struct backup *b, struct err *e)
{
    int64_t before = b->a.files;
    enum rc rc = archive_add_tree(&b->a, b->data, "spool/new", BACKUP_DATA "/spool/new", e);
    b->spool = b->a.files - before;
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* The names of blobs that the snapshot knows, a NUL behind each; copied when it is complete. */
static enum rc take_name(void *arg, struct str name, struct err *e)
{
    struct buf *names = arg;
    buf_add(names, name);
    buf_addc(names, '\0');
    return buf_ok(names, "the names of the blobs", e);
}

static enum rc take_blobs(struct backup *b, const struct buf *names, struct err *e)
{
    for (const char *p = names->p; p && p < names->p + names->n; p += strlen(p) + 1) {
        char from[SHA256_HEX + 4], to[SHA256_HEX + 64];
        if (strlen(p) != SHA256_HEX - 1)
            return err_set(e, RC_INVALID, "the database names a blob that cannot be one");
        snprintf(from, sizeof from, "%.2s/%s", p, p);
        snprintf(to, sizeof to, BACKUP_DATA "/blobs/%s", from);
        enum rc rc = archive_add(&b->a, b->blobs, from, to, e);
        if (rc == RC_NOTFOUND)
            archive_missing(&b->a, str_c(p));
        else
            TRY(rc);
    }
    return RC_OK;
}

static void add_facts(struct backup *b, const struct snapshot *s)
{
    AUTO(buf) struct buf when = BUF_INIT(WHEN_TEXT_MAX);
    char number[32];
    when_rfc3339(&when, s->at_us);
    archive_fact(&b->a, "program", STR(VULNDESK_VERSION));
    archive_fact(&b->a, "made", buf_str(&when));
    archive_fact(&b->a, "desk", str_c(s->desk));
    snprintf(number, sizeof number, "%lld", (long long)s->epoch);
    archive_fact(&b->a, "epoch", str_c(number));
    snprintf(number, sizeof number, "%d", s->schema);
    archive_fact(&b->a, "schema", str_c(number));
    archive_fact(&b->a, "store", b->pg ? STR("postgresql") : STR("sqlite"));
    archive_fact(&b->a, "keys", b->keys ? STR("yes") : STR("no"));
}

static enum rc take_store(struct backup *b, struct snapshot *s, struct err *e)
{
    AUTO(buf) struct buf names = BUF_INIT(ARCHIVE_MANIFEST_MAX);
    const char *file = b->pg ? BACKUP_DUMP : BACKUP_DB;
    char path[FILE_PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", b->dir, file) >= (int)sizeof path)
        return err_set(e, RC_LIMIT, "the path of the backup is too long");
    TRY(dir_make(b->a.dirfd, BACKUP_DATA "/db", 0700, e));
    TRY(snapshot_make(b->set->store.url.p, path, take_name, &names, s, e));
    add_facts(b, s);
    TRY(archive_made(&b->a, file, e));
    return take_blobs(b, &names, e);
}

/* What else lies in the data folder; what is not named here is copied as it is. */
static enum rc take_data(struct backup *b, struct err *e)
{
    static const char *const apart[] = {".", "..", "spool", "db", "blobs", "run", "keys", "engine"};
    int fd = openat(b->data, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    enum rc rc = RC_OK;
    if (d == NULL)
        return err_errno(e, RC_IO, "the data folder");
    for (const struct dirent *one; rc == RC_OK && (one = readdir(d)) != NULL;) {
        char to[FILE_PATH_MAX];
        bool skip = false;
        for (size_t i = 0; i < ARRAY_LEN(apart); i++)
            skip = skip || strcmp(one->d_name, apart[i]) == 0;
        if (skip)
            continue;
        snprintf(to, sizeof to, BACKUP_DATA "/%s", one->d_name);
        if (one->d_type == DT_DIR)
            rc = archive_add_tree(&b->a, b->data, one->d_name, to, e);
        else if (one->d_type == DT_REG)
            rc = archive_add(&b->a, b->data, one->d_name, to, e);
        if (rc == RC_NOTFOUND)
            rc = RC_OK;
    }
    closedir(d);
    /* Of the engines' folders one holds what is ours, the others caches and what jobs work in. */
    if (rc == RC_OK)
        rc = archive_add_tree(&b->a, b->data, "engine/policy", BACKUP_DATA "/engine/policy", e);
    if (rc == RC_NOTFOUND)
        rc = RC_OK;
    return rc == RC_OK && b->keys ? archive_add_tree(&b->a, b->data, "keys", BACKUP_DATA "/keys", e)
                                  : rc;
}

static enum rc take_file(struct backup *b, struct str path, struct err *e)
{
    char to[FILE_PATH_MAX];
    size_t slash = str_rchr(path, '/');
    if (path.n == 0)
        return RC_OK;
    struct str name = slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
    snprintf(to, sizeof to, BACKUP_HOME "/%.*s", STR_ARG(name));
    return archive_add(&b->a, AT_FDCWD, path.p, to, e);
}

static enum rc take_conf(struct backup *b, struct err *e)
{
    const struct settings *s = b->set;
    TRY(take_file(b, s->policy.file, e));
    TRY(take_file(b, s->project.components, e));
    if (s->desk.templates.n > 0)
        TRY(archive_add_tree(&b->a, AT_FDCWD, s->desk.templates.p, BACKUP_HOME "/templates", e));
    return archive_add(&b->a, AT_FDCWD, s->file.p, BACKUP_CONF, e);
}

static enum rc run(struct backup *b, const char *dir, struct err *e)
{
    struct snapshot s;
    TRY(str_copy(b->dir, sizeof b->dir, str_c(dir), "the path of the backup", e));
    TRY(dir_open(AT_FDCWD, b->set->desk.data_dir.p, &b->data, e));
    TRY(dir_open(b->data, "blobs", &b->blobs, e));
    b->pg = !str_starts(b->set->store.url, STR("sqlite:"));
    TRY(archive_create(&b->a, dir, e));
    TRY(room_for(b, e));
    TRY(take_spool(b, e));
    TRY(take_store(b, &s, e));
    TRY(take_data(b, e));
    TRY(take_conf(b, e));
    TRY(archive_finish(&b->a, e));
    printf("%lld files, %lld bytes; %lld blobs, %lld mails not yet taken in\n",
           (long long)b->a.files, (long long)b->a.bytes, (long long)s.blobs, (long long)b->spool);
    if (b->a.missing > 0)
        printf("%lld blobs were erased meanwhile and are not in it; the manifest names them\n",
               (long long)b->a.missing);
    printf(b->keys ? "the keys are in it: whoever reads this folder can read every mail\n"
                   : "the keys are not in it: without a copy of data/keys it cannot be restored\n");
    return RC_OK;
}

int backup_main(int argc, char **argv)
{
    struct arg known[] = {{.name = "--config"}, {.name = "--without-keys", .flag = true}};
    struct args args = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    AUTO(settings) struct settings *set = NULL;
    if (args_parse(&args, argc, argv, &e) != RC_OK || args.n_words != 1) {
        fprintf(stderr, "vulndesk backup: %s\n", e.msg[0] ? e.msg : "one folder to write to");
        return EX_USAGE;
    }
    struct backup b = {.a = ARCHIVE_INIT, .data = -1, .blobs = -1, .keys = known[1].value == NULL};
    enum rc rc = settings_load(known[0].value ? known[0].value : SETTINGS_FILE, NULL, &set, &e);
    b.set = set;
    if (rc == RC_OK)
        rc = run(&b, args.words[0], &e);
    archive_auto(&b.a);
    fd_auto(&b.data);
    fd_auto(&b.blobs);
    if (rc != RC_OK)
        fprintf(stderr, "vulndesk backup: %s\n", e.msg);
    return rc_exit(rc);
}
