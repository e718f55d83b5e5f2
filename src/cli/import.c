/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An old mailbox into cases.  Runs as the administrator who typed it; the mails are hostile and
 * only cut, sealed and put into the spool, where the running desk takes them in.  A mail waits
 * until those that it answers are in, so that conversations stay together whatever the file's
 * order. Each record's name is made of the mail's bytes: run twice, the same mails are known.
 */
#include "cli/import.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "cli/args.h"
#include "cli/client.h"
#include "desk/keygen.h"
#include "os/clock.h"
#include "os/file.h"
#include "smtp/mbox.h"
#include "smtp/spool.h"

#define ASK_MAX  64 /* ids in one question */
#define LOOK_NS  20000000
#define NONE     SIZE_MAX
#define PROGRESS 50 /* mails between two lines */

enum state { WAITS, SENT, IN, LEFT_OUT };
static const char *const outcomes[] = {"new",    "joined",    "team",      "spam",
                                       "bounce", "held",      "duplicate", "quarantined",
                                       "known",  "too_large", "empty"};
enum { O_DUPLICATE = 6, O_KNOWN = 8, O_LARGE = 9, O_EMPTY = 10 };

struct entry {
    struct str raw;
    int64_t from_us;
    uint64_t own;
    size_t answers; /* index of the newest mail of the file that it answers, NONE */
    enum state state;
    char id[SPOOL_ID_LEN + 1];
};

struct import {
    struct settings *set;
    struct spool *spool;
    int new_fd;
    struct entry *mails;
    size_t n, first; /* first: below it nothing waits */
    size_t sent[IMPORT_AT_ONCE], in_hand;
    size_t done[ASK_MAX], n_done; /* taken in, and not asked about yet */
    size_t counts[ARRAY_LEN(outcomes)], finished;
    bool closed, progress;
    char mark[SMTP_WEB_HEX + 1]; /* of the desk: these are imported */
};

static void mapping_auto(struct str *s)
{
    if (s->n > 0)
        munmap((void *)s->p, s->n);
}

static void import_auto(struct import *m)
{
    free(m->mails);
    spool_free(m->spool);
    fd_auto(&m->new_fd);
    settings_free(m->set);
}

static enum rc map_file(const char *path, struct str *ret, struct err *e)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_errno(e, RC_NOTFOUND, "%s", path);
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return err_set(e, RC_INVALID, "%s is no file with mails in it", path);
    if (st.st_size > IMPORT_FILE_MAX)
        return err_set(e, RC_LIMIT, "%s is larger than %lld bytes: cut it", path,
                       (long long)IMPORT_FILE_MAX);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return err_errno(e, RC_IO, "%s cannot be read", path);
    *ret = str_of(p, (size_t)st.st_size);
    return RC_OK;
}

/* ---- the mails of the file, and which answers which ---- */

static void name_of(struct entry *x)
{
    unsigned char sum[SHA256_LEN];
    char text[SHA256_HEX + 16];
    char hex[SHA256_HEX];
    sha256(x->raw, sum);
    hex_put(hex, sum, sizeof sum);
    snprintf(text, sizeof text, "import %s", hex);
    spool_id_of(str_c(text), x->id);
}

/* Open addressing by Message-ID; the first mail with an id counts. */
struct table {
    size_t *slot, mask;
};

static size_t *slot_of(const struct table *t, const struct import *m, uint64_t id)
{
    size_t i = (size_t)id & t->mask;
    while (t->slot[i] != NONE && m->mails[t->slot[i]].own != id)
        i = (i + 1) & t->mask;
    return &t->slot[i];
}

static void link_mails(struct import *m)
{
    struct table t = {.mask = 15};
    while (t.mask < 2 * m->n)
        t.mask = 2 * t.mask + 1;
    t.slot = mem_alloc((t.mask + 1) * sizeof *t.slot);
    for (size_t i = 0; i <= t.mask; i++)
        t.slot[i] = NONE;
    for (size_t i = 0; i < m->n; i++) {
        size_t *at = m->mails[i].own ? slot_of(&t, m, m->mails[i].own) : NULL;
        if (at == NULL)
            continue;
        if (*at == NONE) {
            *at = i;
        } else if (strcmp(m->mails[*at].id, m->mails[i].id) == 0) {
            m->mails[i].state = LEFT_OUT; /* the very same mail twice in the file */
            m->counts[O_DUPLICATE]++;
            m->finished++;
        }
    }
    for (size_t i = 0; i < m->n; i++) {
        struct mbox_ids ids;
        mbox_ids(m->mails[i].raw, &ids);
        for (size_t k = 0; k < ids.n_refs; k++) {
            size_t other = *slot_of(&t, m, ids.refs[k]);
            if (other != NONE && other != i)
                m->mails[i].answers = other;
        }
    }
    free(t.slot);
}

static enum rc read_mails(struct import *m, struct str file, struct err *e)
{
    struct mbox box;
    struct mbox_mail mail;
    struct mbox_ids ids;
    size_t room = 0;
    TRY(mbox_begin(file, &box, e));
    while (mbox_next(&box, &mail)) {
        if (m->n == IMPORT_MAILS_MAX)
            return err_set(e, RC_LIMIT, "more than %u mails in one file: cut it", IMPORT_MAILS_MAX);
        if (m->n == room) {
            room = room ? 2 * room : 256;
            m->mails = mem_realloc(m->mails, room * sizeof *m->mails);
        }
        mbox_ids(mail.raw, &ids);
        struct entry *x = &m->mails[m->n++];
        *x = (struct entry){
            .raw = mail.raw, .from_us = mail.from_us, .own = ids.own, .answers = NONE};
        name_of(x);
    }
    link_mails(m);
    return RC_OK;
}

/* ---- what the desk knows of them ---- */

static enum rc ask(struct import *m, const size_t *which, size_t n, json_t **ret, struct err *e)
{
    AUTO(json) json_t *args = json_object(), *answer = NULL;
    json_t *ids = json_array(), *list;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(ids, json_string(m->mails[which[i]].id));
    json_object_set_new(args, "spools", ids);
    TRY(client_call(m->set, "import.status", args, &answer, e));
    TRY(json_get_array(answer, "messages", ASK_MAX, &list, e));
    *ret = json_incref(list);
    return RC_OK;
}

/* Without the desk's mark nobody's mail would be taken for an imported one. */
static enum rc ask_mark(struct import *m, struct err *e)
{
    AUTO(json) json_t *args = json_object(), *answer = NULL;
    struct str mark;
    TRY(client_call(m->set, "import.begin", args, &answer, e));
    TRY(json_get_str(answer, "mark", SMTP_WEB_HEX, &mark, e));
    return str_copy(m->mark, sizeof m->mark, mark, "mark", e);
}

static const char *kind_of(const json_t *list, const char *id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        const char *s = json_string_value(json_object_get(j, "spool"));
        if (s && strcmp(s, id) == 0)
            return json_string_value(json_object_get(j, "kind"));
    }
    return NULL;
}

static void count(struct import *m, const char *kind)
{
    size_t i = 0;
    while (i < ARRAY_LEN(outcomes) && strcmp(outcomes[i], kind) != 0)
        i++;
    m->counts[i < ARRAY_LEN(outcomes) ? i : O_DUPLICATE]++;
}

static void finished(struct import *m, size_t i, enum state s)
{
    m->mails[i].state = s;
    m->finished++;
    if (m->progress && m->finished % PROGRESS == 0)
        fprintf(stderr, "%zu of %zu mails\n", m->finished, m->n);
}

/* A record that is gone and left no message was one that the desk has already. */
static enum rc count_done(struct import *m, struct err *e)
{
    AUTO(json) json_t *list = NULL;
    if (m->n_done == 0)
        return RC_OK;
    TRY(ask(m, m->done, m->n_done, &list, e));
    for (size_t i = 0; i < m->n_done; i++) {
        const char *kind = kind_of(list, m->mails[m->done[i]].id);
        count(m, kind ? kind : outcomes[O_DUPLICATE]);
    }
    m->n_done = 0;
    return RC_OK;
}

/* Those of an earlier run. */
static enum rc skip_known(struct import *m, struct err *e)
{
    for (size_t at = 0; at < m->n; at += ASK_MAX) {
        AUTO(json) json_t *list = NULL;
        size_t which[ASK_MAX], n = 0;
        while (n < ASK_MAX && at + n < m->n) {
            which[n] = at + n;
            n++;
        }
        TRY(ask(m, which, n, &list, e));
        for (size_t i = 0; i < n; i++)
            if (m->mails[at + i].state == WAITS && kind_of(list, m->mails[at + i].id)) {
                m->counts[O_KNOWN]++;
                finished(m, at + i, IN);
            }
    }
    return RC_OK;
}

/* ---- one mail into the spool ---- */

static enum rc put(struct import *m, struct entry *x, struct str mail, struct err *e)
{
    AUTO(buf) struct buf trace = BUF_INIT(SMTP_TRACE_MAX);
    struct spool_writer *w = NULL;
    int64_t now = clock_now_us();
    struct smtp_envelope v = {.from = STR_NONE,
                              .rcpts = m->set->desk.contact.v,
                              .n_rcpts = 1,
                              .peer = STR("mbox"),
                              .helo = STR_NONE,
                              .proto = m->closed ? STR("import-closed") : STR("import"),
                              .received_us = x->from_us > 0 && x->from_us < now ? x->from_us : now,
                              .web = {.mark = str_c(m->mark), .way = STR_NONE}};
    size_t lf = str_chr(mail, '\n');
    const char *eol = lf > 0 && mail.p[lf - 1] == '\r' ? "\r\n" : "\n";
    TRY(spool_begin_as(m->spool, &v, x->id, &w, e));
    smtp_trace_add(&trace, &v, m->set->mail.hostname.p, x->id, eol);
    enum rc rc = spool_write(w, buf_str(&trace), e);
    if (rc == RC_OK)
        rc = spool_write(w, mail, e);
    if (rc == RC_OK)
        rc = spool_finish(w, e);
    if (rc != RC_OK) {
        spool_abort(w);
        return rc;
    }
    return spool_commit(m->spool, &w, 1, &rc, e);
}

static enum rc send_one(struct import *m, size_t i, struct err *e)
{
    struct entry *x = &m->mails[i];
    AUTO(buf) struct buf b = BUF_INIT((size_t)m->set->mail.max_size);
    if (x->raw.n <= (size_t)m->set->mail.max_size)
        mbox_unquote(&b, x->raw);
    if (b.n == 0 || str_chr(buf_str(&b), '\n') == STR_NPOS) {
        m->counts[x->raw.n > b.max ? O_LARGE : O_EMPTY]++;
        finished(m, i, LEFT_OUT);
        return RC_OK;
    }
    TRY(put(m, x, buf_str(&b), e));
    x->state = SENT;
    m->sent[m->in_hand++] = i;
    return RC_OK;
}

/* The next that waits for nothing; with nothing in hand (mails that answer each other) the first.
 */
static size_t next_ready(struct import *m)
{
    size_t first = NONE, looked = 0;
    while (m->first < m->n && m->mails[m->first].state != WAITS)
        m->first++;
    for (size_t i = m->first; i < m->n && looked < 1000; i++) {
        const struct entry *x = &m->mails[i];
        if (x->state != WAITS)
            continue;
        looked++;
        if (first == NONE)
            first = i;
        if (x->answers == NONE || m->mails[x->answers].state >= IN)
            return i;
    }
    if (m->in_hand > 0 || first == NONE)
        return NONE;
    /* Far back in the file lies what it answers; a few steps at most, for a ring has no end. */
    for (size_t k = 0; k < m->n && m->mails[first].answers != NONE &&
                       m->mails[m->mails[first].answers].state == WAITS;
         k++)
        first = m->mails[first].answers;
    return first;
}

/* True when at least one left the spool. */
static enum rc look(struct import *m, bool *ret_some, struct err *e)
{
    *ret_some = false;
    for (size_t k = 0; k < m->in_hand;) {
        size_t i = m->sent[k];
        if (faccessat(m->new_fd, m->mails[i].id, F_OK, 0) == 0) {
            k++;
            continue;
        }
        m->sent[k] = m->sent[--m->in_hand];
        *ret_some = true;
        finished(m, i, IN);
        m->done[m->n_done++] = i;
        if (m->n_done == ASK_MAX)
            TRY(count_done(m, e));
    }
    return RC_OK;
}

static enum rc all(struct import *m, struct err *e)
{
    int64_t patient_until = clock_mono_us() + IMPORT_PATIENCE_S * INT64_C(1000000);
    while (m->finished < m->n) {
        bool some = false;
        size_t i;
        while (m->in_hand < IMPORT_AT_ONCE && (i = next_ready(m)) != NONE)
            TRY(send_one(m, i, e));
        TRY(look(m, &some, e));
        if (some)
            patient_until = clock_mono_us() + IMPORT_PATIENCE_S * INT64_C(1000000);
        else if (clock_mono_us() > patient_until)
            return err_set(e, RC_TIMEOUT,
                           "the desk takes no more mails in: look at its log, then run this again "
                           "(%zu of %zu are in)",
                           m->finished, m->n);
        else if (m->in_hand > 0)
            nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return count_done(m, e);
}

static enum rc open_spool(struct import *m, struct err *e)
{
    unsigned char pk[KEYGEN_INTAKE_LEN];
    char path[FILE_PATH_MAX];
    AUTO(fd) int dir = -1;
    TRY(keygen_intake_public(m->set->desk.data_dir.p, pk, e));
    snprintf(path, sizeof path, "%s/spool", m->set->desk.data_dir.p);
    TRY(dir_open(AT_FDCWD, path, &dir, e));
    TRY(dir_open(dir, "new", &m->new_fd, e));
    return spool_open(dir, pk, &m->spool, e);
}

static enum rc say(const struct import *m, bool json, struct err *e)
{
    static const char *const words[] = {"opened a case",
                                        "joined one",
                                        "written by the team",
                                        "spam",
                                        "delivery reports",
                                        "wait for a person",
                                        "in the desk already, by another way",
                                        "could not be read and are quarantined",
                                        "imported before",
                                        "larger than mail.max_size: left out",
                                        "empty: left out"};
    AUTO(buf) struct buf b = BUF_INIT(8192);
    AUTO(json) json_t *j = json_object();
    json_put_int(j, "mails", (int64_t)m->n);
    buf_addf(&b, "%zu mails\n", m->n);
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        json_put_int(j, outcomes[i], (int64_t)m->counts[i]);
        if (m->counts[i] > 0)
            buf_addf(&b, "%8zu %s\n", m->counts[i], words[i]);
    }
    if (json) {
        buf_reset(&b);
        TRY(json_write(&b, j, e));
        buf_addc(&b, '\n');
    }
    return fd_write_all(STDOUT_FILENO, buf_str(&b), e);
}

static enum rc run(const char *config, const char *path, bool closed, bool json, struct err *e)
{
    __attribute__((cleanup(mapping_auto))) struct str file = STR_NONE;
    AUTO(import) struct import m = {.new_fd = -1, .closed = closed, .progress = !json};
    TRY(settings_load(config, NULL, &m.set, e));
    TRY(map_file(path, &file, e));
    TRY(read_mails(&m, file, e));
    TRY(open_spool(&m, e));
    TRY(ask_mark(&m, e));
    TRY(skip_known(&m, e));
    TRY(all(&m, e));
    return say(&m, json, e);
}

int import_main(int argc, char **argv)
{
    struct arg known[] = {
        {.name = "--config"}, {.name = "--closed", .flag = true}, {.name = "--json", .flag = true}};
    struct args a = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    if (args_parse(&a, argc, argv, &e) != RC_OK || a.n_words != 1) {
        fprintf(stderr, "vulndesk import: %s\n", e.msg[0] ? e.msg : "one file is needed");
        return EX_USAGE;
    }
    enum rc rc = run(known[0].value ? known[0].value : SETTINGS_FILE, a.words[0],
                     known[1].value != NULL, known[2].value != NULL, &e);
    if (rc != RC_OK)
        fprintf(stderr, "vulndesk import: %s\n", e.msg);
    return rc_exit(rc);
}
