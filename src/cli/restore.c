/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vulndesk restore`: from a backup to a desk that can be started, elsewhere.  Runs as the user who
 * typed it.  The backup may be damaged; every file is compared with the manifest on its way, and
 * the configuration is written last, so that a restore that broke off cannot be served.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ini.h"
#include "base/log.h"
#include "base/when.h"
#include "cli/archive.h"
#include "cli/args.h"
#include "cli/backup.h"
#include "cli/verify.h"
#include "desk/epoch.h"
#include "desk/keygen.h"
#include "desk/settings.h"
#include "os/file.h"
#include "store/checkpoint.h"
#include "store/migrate.h"
#include "store/snapshot.h"
#include "wire/role.h"

struct restore {
    struct archive a;
    const char *from, *keys_from, *store; /* as given; NULL: none */
    char dir[PATH_MAX];                   /* absolute */
    int home;
    bool pg, with_keys;
    struct settings *was, *set; /* the backup's settings, and those of the new desk */
    struct buf conf;            /* of the new desk */
};

/* ------------------------------------------------------------------ the configuration */

/* A setting that depends on the place. */
struct placed {
    const char *section, *key;
    struct str value; /* "" = the line goes, the default holds */
};

static const struct placed *placed_find(const struct placed *p, size_t n, const struct ini_entry *k)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(k->section, str_c(p[i].section)) && str_eq(k->key, str_c(p[i].key)))
            return &p[i];
    return NULL;
}

/* The text with those lines replaced, everything else, comments too, as it was.  What is not set in
 * it is added to the end of the text, in a section of its own: sections may stand twice. */
static enum rc conf_place(struct str text, struct placed *p, size_t n, struct buf *out,
                          struct err *e)
{
    struct str rest = text, line;
    struct ini ini;
    struct ini_entry entry;
    unsigned number = 0;
    bool done[8] = {false};
    BUG_ON(n > ARRAY_LEN(done));
    ini_init(&ini, text);
    enum rc more = ini_next(&ini, &entry, e);
    while (str_line(&rest, &line)) {
        number++;
        if (more == RC_INVALID)
            return err_prefix(e, "the configuration of the backup, line %u: ", ini.line);
        const struct placed *one =
            more == RC_OK && entry.line == number ? placed_find(p, n, &entry) : NULL;
        if (one && one->value.n > 0)
            buf_addf(out, "%s = %.*s\n", one->key, STR_ARG(one->value));
        else if (!one)
            buf_addf(out, "%.*s\n", STR_ARG(line));
        if (one)
            done[one - p] = true;
        if (more == RC_OK && entry.line == number)
            more = ini_next(&ini, &entry, e);
    }
    for (size_t i = 0; i < n; i++)
        if (!done[i] && p[i].value.n > 0)
            buf_addf(out, "\n[%s]\n%s = %.*s\n", p[i].section, p[i].key, STR_ARG(p[i].value));
    return buf_ok(out, "the configuration", e);
}

static struct str base_name(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

static enum rc make_conf(struct restore *r, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(SETTINGS_FILE_MAX);
    const struct settings *w;
    TRY(archive_read(&r->a, BACKUP_CONF, &text, e));
    TRY(settings_parse(buf_str(&text), STR(BACKUP_CONF), str_c(r->dir), NULL, &r->was, e));
    w = r->was;
    struct placed p[] = {
        {"desk", "data_dir", STR("data")},
        {"desk", "templates", w->desk.templates.n ? STR("templates") : STR_NONE},
        {"store", "url", r->pg ? str_c(r->store) : STR_NONE},
        {"policy", "file", base_name(w->policy.file)},
        {"project", "components", base_name(w->project.components)},
    };
    TRY(conf_place(buf_str(&text), p, ARRAY_LEN(p), &r->conf, e));
    return settings_parse(buf_str(&r->conf), STR(SETTINGS_FILE), str_c(r->dir), NULL, &r->set, e);
}

/* ------------------------------------------------------------------ files */

/* Started as root the roles are users of their own; what they made stays theirs. */
static enum rc own(const struct restore *r, const char *path, struct err *e)
{
    int64_t base = r->set->roles.uid_base;
    struct str p = str_c(path);
    bool spool = str_starts(p, STR("data/spool/")), blob = str_starts(p, STR("data/blobs/"));
    if (geteuid() != 0 || base == 0 || (!spool && !blob))
        return RC_OK;
    uid_t uid = (uid_t)(base + (spool ? ROLE_SMTPD : ROLE_KEYS));
    if (fchownat(r->home, path, uid, (gid_t)base, AT_SYMLINK_NOFOLLOW) != 0)
        return err_errno(e, RC_IO, "giving %s to its role", path);
    if (!blob)
        return RC_OK;
    char folder[FILE_PATH_MAX];
    TRY(str_copy(folder, sizeof folder, str_of(path, str_rchr(p, '/')), "a path", e));
    if (fchownat(r->home, folder, uid, (gid_t)base, AT_SYMLINK_NOFOLLOW) != 0 ||
        fchmodat(r->home, folder, 0750, 0) != 0)
        return err_errno(e, RC_IO, "giving %s to its role", folder);
    return RC_OK;
}

static enum rc take_all(struct restore *r, struct err *e)
{
    struct archive_file f;
    size_t at = 0;
    enum rc rc;
    while ((rc = archive_next(&r->a, &at, &f, e)) == RC_OK) {
        char to[FILE_PATH_MAX];
        if (str_eq(f.path, STR(BACKUP_CONF)) || str_eq(f.path, STR(BACKUP_DUMP)))
            continue;
        if (!str_starts(f.path, STR(BACKUP_HOME "/")))
            return err_set(e, RC_INVALID, "the backup has a file that has no place here");
        TRY(str_copy(to, sizeof to, str_sub(f.path, sizeof BACKUP_HOME, f.path.n), "a path", e));
        TRY(archive_take(&r->a, &f, r->home, to, e));
        TRY(own(r, to, e));
    }
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc weigh(struct restore *r, struct err *e)
{
    struct archive_file f;
    size_t at = 0;
    int64_t bytes = 0;
    enum rc rc;
    while ((rc = archive_next(&r->a, &at, &f, e)) == RC_OK)
        bytes += f.size;
    return rc == RC_NOTFOUND ? archive_room(r->home, bytes, e) : rc;
}

static enum rc take_keys(struct restore *r, struct err *e)
{
    static const char *const names[] = {"master.key", "intake.key", "sign.key"};
    AUTO(fd) int from = -1;
    if (r->with_keys)
        return RC_OK;
    TRY(dir_open(AT_FDCWD, r->keys_from, &from, e));
    TRY(dir_make(r->home, "data/keys", 0700, e));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(buf) struct buf b = BUF_INIT(1000);
        char to[64];
        snprintf(to, sizeof to, "data/keys/%s", names[i]);
        TRY(file_read(from, names[i], b.max, &b, e));
        TRY(file_write_sync(r->home, to, buf_str(&b), 0600, e));
    }
    return RC_OK;
}

static enum rc take_files(struct restore *r, struct err *e)
{
    TRY(weigh(r, e));
    static const char *const folders[] = {"data/spool/new", "data/spool/tmp", "data/blobs",
                                          "data/db", "data/run"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        TRY(dir_make(r->home, folders[i], 0700, e));
    TRY(take_all(r, e));
    TRY(take_keys(r, e));
    /* An MTA reaches run/lmtp.sock through it. */
    if (fchmodat(r->home, "data", 0711, 0) != 0 || fchmodat(r->home, "data/run", 0755, 0) != 0)
        return err_errno(e, RC_IO, "the mode of the data folder");
    return syncfs(r->home) == 0 ? RC_OK : err_errno(e, RC_IO, "syncing the new desk");
}

/* ------------------------------------------------------------------ the store */

static enum rc fill_store(struct restore *r, struct err *e)
{
    struct archive_file f;
    size_t at = 0;
    if (!r->pg)
        return RC_OK;
    while (archive_next(&r->a, &at, &f, e) == RC_OK)
        if (str_eq(f.path, STR(BACKUP_DUMP))) {
            char path[PATH_MAX + sizeof BACKUP_DUMP + 1];
            snprintf(path, sizeof path, "%s/" BACKUP_DUMP, r->dir);
            TRY(archive_take(&r->a, &f, r->home, BACKUP_DUMP, e));
            enum rc rc = snapshot_restore_pg(r->set->store.url.p, path, e);
            (void)unlinkat(r->home, BACKUP_DUMP, 0);
            return rc;
        }
    return err_set(e, RC_INVALID, "the backup has no dump of the database");
}

/* The new epoch, in the log, under a checkpoint of its own. */
static enum rc begin_epoch(struct restore *r, struct db *db, struct epoch_result *ret,
                           struct err *e)
{
    struct desk d = {.db = db, .set = r->set};
    struct actor who = actor_cli((int64_t)getuid());
    struct checkpoint cp;
    int64_t made_us = 0;
    int n;
    TRY(migrate_run(db, NULL, e));
    TRY(when_parse_rfc3339(archive_value(&r->a, "made"), &made_us, e));
    TRY(epoch_begin(&d, &who, made_us, ret, e));
    do
        TRY(log_sequence(db, LOG_BATCH_MAX, &n, e));
    while (n == LOG_BATCH_MAX);
    struct keygen_secrets keys;
    TRY(keygen_load(r->set->desk.data_dir.p, &keys, e));
    enum rc rc = checkpoint_make(db, keygen_signer, &keys, &cp, e);
    keygen_wipe(&keys);
    return rc;
}

static void tell(const struct restore *r, const struct epoch_result *x)
{
    printf("epoch %lld; nothing goes out by itself: %lld mails, %lld other tasks and %lld clocks "
           "wait for a person (vulndesk waiting list)\n",
           (long long)x->epoch, (long long)x->mails, (long long)x->tasks, (long long)x->clocks);
    printf("written to %s; look at %s/" SETTINGS_FILE " (ports, the files that backups leave out),"
           " then\n  vulndesk serve --config %s/" SETTINGS_FILE "\n",
           r->dir, r->dir, r->dir);
}

static enum rc run(struct restore *r, struct err *e)
{
    AUTO(db) struct db *db = NULL;
    struct epoch_result epoch;
    int64_t bad = 0;
    TRY(make_conf(r, e));
    TRY(take_files(r, e));
    TRY(fill_store(r, e));
    TRY(db_open(r->set->store.url.p, &db, e));
    TRY(begin_epoch(r, db, &epoch, e));
    TRY(verify_all(r->set, db, false, &bad, e));
    if (bad > r->a.missing)
        return err_set(e, RC_INVALID,
                       "the restored desk is damaged; nothing can be served from it");
    TRY(file_write_sync(r->home, SETTINGS_FILE, buf_str(&r->conf), 0600, e));
    tell(r, &epoch);
    return RC_OK;
}

/* ------------------------------------------------------------------ the command */

static enum rc open_all(struct restore *r, const char *dir, struct err *e)
{
    AUTO(archive) struct archive target = ARCHIVE_INIT;
    TRY(archive_open(&r->a, r->from, e));
    r->pg = str_eq(archive_value(&r->a, "store"), STR("postgresql"));
    r->with_keys = str_eq(archive_value(&r->a, "keys"), STR("yes"));
    if (r->pg && r->store == NULL)
        return err_set(e, RC_INVALID,
                       "the backup is of PostgreSQL: --store names the new, empty "
                       "database");
    if (!r->pg && r->store)
        return err_set(e, RC_INVALID,
                       "the backup is of SQLite, which lies in the new folder: no "
                       "--store");
    if (!r->with_keys && r->keys_from == NULL)
        return err_set(e, RC_INVALID,
                       "the backup was made without keys: --keys names their "
                       "folder");
    TRY(archive_create(&target, dir, e)); /* new or empty */
    r->home = fd_take(&target.dirfd);
    if (realpath(dir, r->dir) == NULL)
        return err_errno(e, RC_IO, "%s", dir);
    if (fchmod(r->home, 0755) != 0)
        return err_errno(e, RC_IO, "%s", dir);
    return RC_OK;
}

int restore_main(int argc, char **argv)
{
    struct arg known[] = {
        {.name = "--from"}, {.name = "--dir"}, {.name = "--store"}, {.name = "--keys"}};
    struct args args = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    if (args_parse(&args, argc, argv, &e) != RC_OK || args.n_words > 0 || !known[0].value ||
        !known[1].value) {
        fprintf(stderr, "vulndesk restore: %s\n", e.msg[0] ? e.msg : "--from and --dir are needed");
        return EX_USAGE;
    }
    struct restore r = {.a = ARCHIVE_INIT,
                        .from = known[0].value,
                        .store = known[2].value,
                        .keys_from = known[3].value,
                        .home = -1,
                        .conf = BUF_INIT(SETTINGS_FILE_MAX)};
    log_init("restore", LOG_WARN_);
    enum rc rc = open_all(&r, known[1].value, &e);
    if (rc == RC_OK)
        rc = run(&r, &e);
    archive_auto(&r.a);
    fd_auto(&r.home);
    buf_release(&r.conf);
    settings_free(r.was);
    settings_free(r.set);
    if (rc != RC_OK)
        fprintf(stderr, "vulndesk restore: %s\n", e.msg);
    return rc_exit(rc);
}
