/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rights of each role, as a table.  Runs in every role just before it is confined; its input is
 * the settings that the supervisor handed over.
 *
 * What a role has open before sandbox_apply (listeners, peers, folders, the database) it keeps; the
 * table says what it can still open afterwards.
 */
#include "serve/rights.h"

#include <link.h>

#define KIB        UINT64_C(1024)
#define MIB        (KIB * 1024)
#define GIB        (MIB * 1024)
#define ROWS_MAX   10
#define DNS_PORT   53
#define FILE_LIMIT (256 * MIB) /* more than any message or blob */

/* What stands in front of a row's path. */
enum root {
    AT_SYSTEM, /* an absolute path */
    AT_DATA,   /* below the data folder */
    AT_CA,     /* the place itself, when the settings name one: */
    AT_IMAP_CA,
    AT_MIRROR,
    AT_SCRATCH,
    AT_LOADER, /* the dynamic loader of our own binary */
};

struct row {
    enum root root;
    const char *path;
    unsigned rights;
};

struct table {
    unsigned calls;
    enum sandbox_unknown unknown;
    bool network, mounts;
    struct sandbox_limits limits;
    struct row rows[ROWS_MAX];
    const struct row *more, *even_more; /* shared rows, ended by rights == 0 */
};

#define PROGRAM (SANDBOX_READ | SANDBOX_EXEC)
#define SYSTEM  (SANDBOX_READ | SANDBOX_MAYBE)

/* What starting a dynamically linked program needs. */
static const struct row libraries[] = {
    {AT_LOADER, "", PROGRAM},
    {AT_SYSTEM, "/lib", SYSTEM},
    {AT_SYSTEM, "/lib64", SYSTEM},
    {AT_SYSTEM, "/usr/lib", SYSTEM},
    {AT_SYSTEM, "/usr/lib64", SYSTEM},
    {AT_SYSTEM, "/etc/ld.so.cache", SYSTEM},
    {AT_SYSTEM, "/dev/null", SANDBOX_READ | SANDBOX_WRITE},
    {AT_SYSTEM, "", 0},
};

/* What finding another machine by name needs. */
static const struct row names[] = {
    {AT_SYSTEM, "/etc/resolv.conf", SYSTEM},
    {AT_SYSTEM, "/run/systemd/resolve", SYSTEM}, /* where it may point, replaced at any time */
    {AT_SYSTEM, "/etc/hosts", SYSTEM},
    {AT_SYSTEM, "/etc/host.conf", SYSTEM},
    {AT_SYSTEM, "/etc/nsswitch.conf", SYSTEM},
    {AT_SYSTEM, "/etc/gai.conf", SYSTEM},
    {AT_SYSTEM, "/etc/services", SYSTEM},
    {AT_SYSTEM, "", 0},
};

static const struct row git[] = {
    {AT_SYSTEM, "/usr/bin/git", PROGRAM | SANDBOX_MAYBE},
    {AT_SYSTEM, "/usr/lib/git-core", PROGRAM | SANDBOX_MAYBE},
    {AT_SYSTEM, "/usr/libexec/git-core", PROGRAM | SANDBOX_MAYBE},
    {AT_SYSTEM, "/usr/share/git-core", SYSTEM},
    {AT_SYSTEM, "/dev/urandom", SYSTEM},           /* names of its temporary files */
    {AT_MIRROR, "", SANDBOX_READ | SANDBOX_MAYBE}, /* one that is gone fails its jobs only */
    {AT_SCRATCH, "", SANDBOX_RW | SANDBOX_LINKS},
    {AT_SYSTEM, "", 0},
};

/* Tools for structural rules, and what they start (engine/audit/rules.c confines them further). */
#define RULE_TOOLS                                                                                 \
    {AT_SYSTEM, "/usr/bin/spatch", PROGRAM | SANDBOX_MAYBE},                                       \
        {AT_SYSTEM, "/usr/bin/ast-grep", PROGRAM | SANDBOX_MAYBE},                                 \
        {AT_SYSTEM, "/usr/local/bin/ast-grep", PROGRAM | SANDBOX_MAYBE},                           \
        {AT_SYSTEM, "/bin/sh", PROGRAM | SANDBOX_MAYBE},                                           \
        {AT_SYSTEM, "/usr/bin/find", PROGRAM | SANDBOX_MAYBE},                                     \
    {                                                                                              \
        AT_SYSTEM, "/usr/bin/diff", PROGRAM | SANDBOX_MAYBE                                        \
    }

static const struct table tables[ROLE_COUNT] = {
    /* Appends: what lies in spool/new it can neither read, change, replace nor remove. */
    [ROLE_SMTPD] = {.calls = SANDBOX_C_IPC | SANDBOX_C_ACCEPT | SANDBOX_C_FILES | SANDBOX_C_CHANGE,
                    .limits = {.as_bytes = GIB, .nofile = 4096, .fsize_bytes = FILE_LIMIT},
                    .rows = {{AT_DATA, "spool/tmp",
                              SANDBOX_LIST | SANDBOX_WRITE | SANDBOX_CREATE | SANDBOX_REMOVE |
                                  SANDBOX_MOVE},
                             {AT_DATA, "spool/new", SANDBOX_CREATE | SANDBOX_MOVE}}},
    [ROLE_HTTPD_PUBLIC] = {.calls = SANDBOX_C_IPC | SANDBOX_C_ACCEPT,
                           .limits = {.as_bytes = GIB, .nofile = 4096, .fsize_bytes = FILE_LIMIT}},
    [ROLE_HTTPD_STAFF] = {.calls = SANDBOX_C_IPC | SANDBOX_C_ACCEPT,
                          .limits = {.as_bytes = GIB, .nofile = 4096, .fsize_bytes = FILE_LIMIT}},
    /* Of the spool it sees names, adds sealed records (a mail that net fetched, a web report) and
     * removes what is committed; it cannot read it.  It accepts commands of local users on the one
     * socket that it was handed. */
    [ROLE_CORE] = {.calls = SANDBOX_C_IPC | SANDBOX_C_ACCEPT | SANDBOX_C_FILES | SANDBOX_C_CHANGE,
                   .limits = {.as_bytes = 8 * GIB, .nofile = 4096},
                   .rows = {{AT_DATA, "db", SANDBOX_RW},
                            {AT_DATA, "blobs", SANDBOX_LIST},
                            {AT_DATA, "spool/tmp",
                             SANDBOX_LIST | SANDBOX_WRITE | SANDBOX_CREATE | SANDBOX_REMOVE |
                                 SANDBOX_MOVE},
                            {AT_DATA, "spool/new",
                             SANDBOX_LIST | SANDBOX_REMOVE | SANDBOX_CREATE | SANDBOX_MOVE}}},
    [ROLE_KEYS] = {.calls = SANDBOX_C_IPC | SANDBOX_C_FILES | SANDBOX_C_CHANGE,
                   .limits = {.as_bytes = GIB, .nofile = 1024, .fsize_bytes = FILE_LIMIT},
                   .rows = {{AT_DATA, "keys", SANDBOX_READ},
                            {AT_DATA, "spool/new", SANDBOX_READ},
                            {AT_DATA, "blobs", SANDBOX_RW}}},
    [ROLE_NET] = {.calls = SANDBOX_C_IPC | SANDBOX_C_FILES | SANDBOX_C_INET | SANDBOX_C_THREADS |
                           SANDBOX_C_LOAD,
                  .network = true,
                  .limits = {.as_bytes = 2 * GIB, .nofile = 1024, .fsize_bytes = FILE_LIMIT},
                  .rows = {{AT_SYSTEM, "/etc/ssl", SYSTEM},
                           {AT_SYSTEM, "/etc/pki", SYSTEM},
                           {AT_SYSTEM, "/usr/share/ca-certificates", SYSTEM},
                           {AT_SYSTEM, "/usr/local/share/ca-certificates", SYSTEM},
                           {AT_CA, "", SANDBOX_READ},
                           {AT_IMAP_CA, "", SANDBOX_READ}},
                  .more = names,
                  .even_more = libraries},
    /* The superset of its children: what they get is a part of this (Landlock and seccomp only
     * ever narrow). */
    [ROLE_WORKER] = {.calls = SANDBOX_C_IPC | SANDBOX_C_FILES | SANDBOX_C_CHANGE | SANDBOX_C_SPAWN |
                              SANDBOX_C_THREADS,
                     .limits = {.nofile = 1024},
                     .rows = {{AT_SYSTEM, "/proc/self/exe", PROGRAM},
                              {AT_SYSTEM, "/etc/localtime", SYSTEM},
                              {AT_SYSTEM, "/usr/share/zoneinfo", SYSTEM},
                              RULE_TOOLS},
                     .more = libraries,
                     .even_more = git},
    /* Reads its stdin, writes its stdout; anything else ends it. Its time and memory come from the
     * worker's settings. */
    [ROLE_PARSE] = {.calls = 0,
                    .unknown = SANDBOX_KILL,
                    .limits = {.as_bytes = 2 * GIB,
                               .cpu_s = 300,
                               .nofile = 64,
                               .fsize_bytes = FILE_LIMIT,
                               .stack_bytes = 64 * MIB}},
    /* Starts bubblewrap, so nothing but its user, its network and the machine's own calls are taken
     * from it.  It reads messages of core only; what it has to read of a stranger is read in
     * confined children (engine/run/apart.c), what it has to run runs in bubblewrap. */
    [ROLE_RUNNER] = {.calls = SANDBOX_C_SPAWN,
                     .unknown = SANDBOX_OPEN,
                     .mounts = true,
                     .limits = {.nofile = 1024}},
    [ROLE_ENGINE] = {.calls = SANDBOX_C_SPAWN,
                     .unknown = SANDBOX_OPEN,
                     .limits = {.as_bytes = 16 * GIB, .nofile = 1024},
                     .rows = {RULE_TOOLS},
                     .more = libraries,
                     .even_more = git},
};

/* The loader that the kernel starts for our binary: executing anything dynamic executes it too. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *ret_path)
{
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_INTERP) {
            const char *path = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            memcpy(ret_path, &path, sizeof path);
        }
    return 1; /* the first object is the program; no need to see its libraries */
}

static const char *root_of(enum root root, const struct rights_places *p)
{
    switch (root) {
    case AT_DATA:
        return p->data_dir;
    case AT_CA:
        return p->ca_file;
    case AT_IMAP_CA:
        return p->imap_ca;
    case AT_MIRROR:
        return p->mirror;
    case AT_SCRATCH:
        return p->scratch;
    case AT_LOADER: {
        const char *path = NULL;
        dl_iterate_phdr(find_loader, &path);
        return path;
    }
    default:
        return "";
    }
}

static enum rc add_row(struct rights *r, const struct row *row, const struct rights_places *p,
                       struct err *e)
{
    const char *root = root_of(row->root, p);
    if (root == NULL)
        return RC_OK; /* not on this machine, not asked for */
    if (r->rules.npaths == SANDBOX_PATHS_MAX)
        return err_set(e, RC_INTERNAL, "more rows of rights than the sandbox takes");
    char *to = r->text + r->used;
    size_t room = sizeof r->text - r->used;
    int n = snprintf(to, room, "%s%s%s", root, *root && *row->path ? "/" : "", row->path);
    if (n < 0 || (size_t)n >= room)
        return err_set(e, RC_LIMIT, "the paths of the data folder are too long");
    r->used += (size_t)n + 1;
    r->rules.paths[r->rules.npaths++] = (struct sandbox_path){to, row->rights};
    return RC_OK;
}

static enum rc add_rows(struct rights *r, const struct row *row, const struct rights_places *p,
                        struct err *e)
{
    for (; row != NULL && row->rights != 0; row++)
        TRY(add_row(r, row, p, e));
    return RC_OK;
}

/* What depends on how PostgreSQL is reached. */
static enum rc add_postgres(struct rights *r, const struct rights_places *p, struct err *e)
{
    static const struct row account = {AT_SYSTEM, "/etc/passwd", SYSTEM};
    if (!p->pg_unix && p->pg_port == 0)
        return RC_OK;
    r->rules.calls |= SANDBOX_C_UNIX | SANDBOX_C_LOAD;
    TRY(add_row(r, &account, p, e));
    TRY(add_rows(r, libraries, p, e));
    if (p->pg_port == 0)
        return RC_OK;
    r->rules.calls |= SANDBOX_C_INET;
    r->rules.no_network = false;
    r->rules.connect[r->rules.nconnect++] = p->pg_port;
    r->rules.connect[r->rules.nconnect++] = DNS_PORT;
    return add_rows(r, names, p, e);
}

static enum rc add_mirrors(struct rights *r, const struct rights_places *p, struct err *e)
{
    static const struct row one = {AT_MIRROR, "", SANDBOX_READ | SANDBOX_MAYBE};
    BUG_ON(p->n_mirrors > ARRAY_LEN(p->mirrors));
    for (size_t i = 0; i < p->n_mirrors; i++) {
        struct rights_places here = *p;
        here.mirror = p->mirrors[i];
        TRY(add_row(r, &one, &here, e));
    }
    return RC_OK;
}

enum rc rights_of(enum role role, const struct rights_places *places, struct rights *ret_rights,
                  struct err *e)
{
    bool none = (unsigned)role >= ROLE_COUNT || role == ROLE_SUPERVISOR || role == ROLE_CLI;
    if (none)
        return err_set(e, RC_DENIED, "%s has no table of rights", role_name(role));
    const struct table *t = &tables[role];
    struct rights *r = ret_rights;
    memset(r, 0, sizeof *r);
    r->rules = (struct sandbox_rules){.name = role_name(role),
                                      .calls = t->calls,
                                      .unknown = t->unknown,
                                      .mounts = t->mounts,
                                      .no_network = !t->network,
                                      .limits = t->limits};
    TRY(add_rows(r, t->rows, places, e));
    TRY(add_rows(r, t->more, places, e));
    TRY(add_rows(r, t->even_more, places, e));
    if (role == ROLE_CORE)
        TRY(add_postgres(r, places, e));
    if (role == ROLE_WORKER || role == ROLE_ENGINE)
        TRY(add_mirrors(r, places, e));
    if (role == ROLE_NET && places->net_port_count > 0) {
        BUG_ON(places->net_port_count > ARRAY_LEN(places->net_ports));
        for (size_t i = 0; i < places->net_port_count; i++)
            r->rules.connect[r->rules.nconnect++] = places->net_ports[i];
        r->rules.connect[r->rules.nconnect++] = DNS_PORT;
    }
    return RC_OK;
}
