/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether release lines have a fix already.  Runs in the engine child and in commands; messages and
 * patches are a stranger's text and only ever compared.
 */
#include "engine/backport/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "engine/affected/change.h"
#include "engine/backport/past_memory.h"
#include "engine/backport/walk.h"

#define BODY_MAX    (1u << 20) /* bytes of a commit's own object */
#define ROUNDS      4          /* copies of copies of copies */
#define LINES_LEAST 4          /* lines of a fix, for lines alone to say something */
#define LINE_BYTES  4096       /* of a line that are compared, as change.c does */
#define FILE_BYTES  (4u << 20) /* of a file that is looked into */
#define SHARE_SOME  0.3        /* part of its lines, when something else speaks for a copy */
#define SHARE_LOOSE 0.5        /* and when a message names it in passing */
#define MEMORY      (UINT64_C(1) << 30)

enum kin { KIN_NONE, KIN_MAYBE, KIN_COPY, KIN_BACK };

/* What a commit of the lines is to the fix. */
struct kinship {
    enum kin kin;
    const char *rule;
    size_t common; /* lines */
    bool compared, same_patch;
};

struct search {
    const struct past_ask *ask;
    struct past_entry fix;
    struct past_log log;
    struct kinship *kin;                 /* of each entry */
    struct change given;                 /* the fix's, when changes were compared */
    struct str paths[DIFFLOG_PATHS_MAX]; /* the fix's files, code first */
    size_t n_paths;
    size_t lookups, checks;
    struct arena *a;
};

const char *past_state_name(enum past_state s)
{
    static const char *const names[] = {"no", "yes", "taken-back", "maybe", "unknown"};
    return names[s];
}

/* ---- Names ---- */

static enum named_kind names(const struct message *m, struct str hex)
{
    unsigned char id[GIT_OID_HEX / 2];
    if (!past_id_bytes(hex, id))
        return NAMED_NONE;
    for (size_t i = 0; i < m->n; i++)
        if (named_is(&m->named[i], id))
            return m->named[i].kind;
    return NAMED_NONE;
}

/* Does the message name it in the words that tools and habits use for a copy?  Other words around
 * an id ("upstream", "port of") may say something else about it. */
static bool names_plainly(struct str message, struct str hex)
{
    static const char *const words[] = {"cherry picked from", "cherry-picked from",
                                        "upstream commit", "backport of commit",
                                        "backported from commit"};
    struct str rest = message, line;
    while (str_line(&rest, &line)) {
        size_t at = str_find(line, str_sub(hex, 0, NAMED_ID_MIN));
        if (at == STR_NPOS)
            continue;
        struct str before = str_sub(line, 0, at), after = str_sub(line, at, line.n);
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            if (str_find_nocase(before, str_c(words[i])) != STR_NPOS)
                return true;
        size_t end = str_chr(after, ' ');
        if (end != STR_NPOS && str_starts_nocase(str_trim(before), STR("commit")) &&
            str_starts_nocase(str_sub(after, end + 1, after.n), STR("upstream")))
            return true;
    }
    return false;
}

static bool is_copy(enum named_kind k)
{
    return k == NAMED_COPY;
}

/* A commit that both say they copy. */
static bool same_source(const struct message *a, const struct message *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; a->named[i].kind == NAMED_COPY && k < b->n; k++)
            if (b->named[k].kind == NAMED_COPY && a->named[i].digits == b->named[k].digits &&
                memcmp(a->named[i].key, b->named[k].key, sizeof a->named[i].key) == 0)
                return true;
    return false;
}

static bool same_subject(const struct past_entry *x, const struct past_entry *y)
{
    return x->said.subject && x->said.subject == y->said.subject &&
           x->said.reverts == y->said.reverts;
}

static bool opposite_subject(const struct past_entry *x, const struct past_entry *y)
{
    return x->said.subject && x->said.subject == y->said.subject &&
           x->said.reverts != y->said.reverts;
}

/* ---- Changes ---- */

struct compare {
    struct search *s;
    unsigned char patch_id[PATCH_ID_MAX];
    bool has_patch_id, sha256_repo;
};

static enum rc take_paths(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct compare *m = ctx;
    (void)e;
    for (int code = 1; code >= 0; code--)
        for (size_t i = 0; i < c->n && m->s->n_paths < DIFFLOG_PATHS_MAX; i++) {
            struct str p = diff_file_path(&c->files[i]);
            if (path_is_code(p) == (code == 1) && git_path_ok(p))
                m->s->paths[m->s->n_paths++] = arena_str(m->s->a, p);
        }
    return RC_OK;
}

static enum rc take_change(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct compare *m = ctx;
    struct search *s = m->s;
    struct change x;
    TRY(change_make(c, true, m->sha256_repo, s->a, &x, e));
    if (str_eq(c->id, s->ask->fix)) {
        s->given = x;
        m->has_patch_id = x.has_patch_id;
        memcpy(m->patch_id, x.patch_id, sizeof m->patch_id);
        return RC_OK;
    }
    const struct past_entry *entry = past_log_find(&s->log, c->id);
    if (entry == NULL)
        return RC_OK;
    struct kinship *k = &s->kin[entry - s->log.v];
    k->compared = true;
    k->common = change_common(&s->given, &x);
    k->same_patch = m->has_patch_id && x.has_patch_id &&
                    memcmp(m->patch_id, x.patch_id, sizeof x.patch_id) == 0;
    return RC_OK;
}

/* The given commits by git's own diff. */
static enum rc compare_by_git(struct search *s, struct compare *m, const struct str *ids, size_t n,
                              struct err *e)
{
    bool *missing = arena_array(s->a, n + 1, sizeof *missing);
    TRY(arena_ok(s->a, "the commits to compare", e));
    if (n == 1)
        return RC_OK;
    struct difflog_ask ask = {
        .ids = ids, .n = n, .patch = true, .paths = s->paths, .n_paths = s->n_paths};
    return difflog_run(s->ask->git, &ask, take_change, m, missing, e);
}

static bool same_lines(const struct change *x, const struct change *y)
{
    return x->n == y->n && memcmp(x->lines, y->lines, x->n * sizeof *x->lines) == 0;
}

/* Takes those out of the list, after the fix, that can be compared without a diff.  One with the
 * very lines of the fix stays: it may be the same patch. */
static enum rc compare_here(struct search *s, struct str *ids, size_t *n, struct err *e)
{
    struct past_compared fix, x;
    size_t budget = PAST_TEXTS_MAX, kept = 1;
    struct err none = ERR_INIT;
    if (past_compare(s->ask->memory, ids[0], s->paths, s->n_paths, &budget, s->a, &fix, &none) !=
            RC_OK ||
        !fix.sure)
        return RC_OK;
    s->given = fix.change;
    for (size_t i = 1; i < *n; i++) {
        enum rc rc =
            past_compare(s->ask->memory, ids[i], s->paths, s->n_paths, &budget, s->a, &x, &none);
        if (rc != RC_OK || (x.touched && (!x.sure || same_lines(&x.change, &s->given)))) {
            ids[kept++] = ids[i];
        } else if (x.touched) {
            const struct past_entry *entry = past_log_find(&s->log, ids[i]);
            struct kinship *k = &s->kin[entry - s->log.v];
            k->compared = true;
            k->common = change_common(&s->given, &x.change);
        }
    }
    *n = kept;
    return arena_ok(s->a, "the commits to compare", e);
}

static void take_path(struct search *s, struct str path, bool code)
{
    if (path_is_code(path) == code && git_path_ok(path) && s->n_paths < DIFFLOG_PATHS_MAX)
        s->paths[s->n_paths++] = path;
}

/* The files of the fix from its trees; none when that does not do. */
static void find_paths(struct search *s)
{
    char base[GIT_OID_HEX + 1], tree[GIT_OID_HEX + 1];
    struct err none = ERR_INIT;
    struct walk w;
    if (s->ask->memory == NULL ||
        past_memory_trees(s->ask->memory, s->ask->fix, base, tree, &none) != RC_OK ||
        walk_trees(past_memory_store(s->ask->memory), base, tree, NULL, s->a, &w, &none) != RC_OK)
        return;
    for (int code = 1; code >= 0; code--)
        for (size_t i = 0; i < w.n; i++)
            take_path(s, w.v[i].path, code == 1);
}

/* The commits of these lines against the fix, in the fix's files; newest ones first when there are
 * too many. */
static enum rc compare_changes(struct search *s, uint64_t lines, struct err *e)
{
    struct compare m = {.s = s, .sha256_repo = s->ask->fix.n == GIT_OID_HEX};
    struct difflog_ask ask = {.ids = &s->ask->fix, .n = 1};
    struct str *ids = arena_array(s->a, PAST_COMPARE_MAX + 1, sizeof *ids);
    TRY(arena_ok(s->a, "the commits to compare", e));
    size_t n = 0;
    ids[n++] = s->ask->fix;
    for (size_t i = s->log.n; i-- > 0 && n <= PAST_COMPARE_MAX;)
        if (!s->log.v[i].merge && s->log.v[i].on & lines)
            ids[n++] = s->log.v[i].id;
    if (n == 1)
        return RC_OK;
    find_paths(s);
    if (s->n_paths == 0)
        TRY(difflog_run(s->ask->git, &ask, take_paths, &m, NULL, e));
    TRY(arena_ok(s->a, "the files of the fix", e));
    if (s->n_paths == 0)
        return RC_OK;
    if (s->ask->memory)
        TRY(compare_here(s, ids, &n, e));
    return compare_by_git(s, &m, ids, n, e);
}

static double share(const struct search *s, const struct kinship *k)
{
    return s->given.n ? (double)k->common / (double)s->given.n : 0;
}

/* ---- Contents ---- */

/* How often each line of the fix's change stands in its files in a commit. */
static enum rc count_lines(struct search *s, struct str commit, uint32_t *counts, struct err *e)
{
    char room[LINE_BYTES + 1];
    for (size_t i = 0; i < s->n_paths; i++) {
        struct object o;
        struct str rest, line;
        enum rc rc = objects_file(s->ask->objects, commit, s->paths[i], FILE_BYTES, &o, e);
        if (rc == RC_NOTFOUND || rc == RC_INVALID || rc == RC_LIMIT)
            continue;
        TRY(rc);
        rest = o.body;
        while (str_line(&rest, &line)) {
            size_t n = line_squeeze(str_sub(line, 0, LINE_BYTES), room);
            for (int plus = 0; plus < 2; plus++) {
                uint64_t h = line_hash(plus ? '+' : '-', str_of(room, n));
                size_t lo = 0, hi = s->given.n;
                while (lo < hi) {
                    size_t mid = lo + (hi - lo) / 2;
                    if (s->given.lines[mid] < h)
                        lo = mid + 1;
                    else
                        hi = mid;
                }
                if (lo < s->given.n && s->given.lines[lo] == h)
                    counts[lo]++;
            }
        }
    }
    return RC_OK;
}

/*
 * A change may be made twice in one file, in one place after the other: the lines of the first are
 * those of the second.  So the lines that tell the two apart are looked at, - lines that the fix
 * takes out everywhere and + lines that nobody had before it: there has to be one, and what the
 * commit leaves behind has to be what the fix does.
 */
static enum rc holds_lines(struct search *s, const struct past_entry *x, bool *ret, struct err *e)
{
    *ret = false;
    if (s->checks++ >= PAST_LOOKUPS_MAX)
        return RC_OK;
    uint32_t *mine = arena_array(s->a, s->given.n + 1, sizeof *mine);
    uint32_t *its = arena_array(s->a, s->given.n + 1, sizeof *its);
    TRY(arena_ok(s->a, "the lines of the fix", e));
    TRY(count_lines(s, s->ask->fix, mine, e));
    TRY(count_lines(s, x->id, its, e));
    size_t telling = 0, wrong = 0;
    for (size_t i = 0, end; i < s->given.n; i = end) {
        for (end = i; end < s->given.n && s->given.lines[end] == s->given.lines[i];)
            end++;
        bool plus = s->given.lines[i] & 1;
        if (mine[i] != (plus ? end - i : 0))
            continue;
        telling++;
        wrong += plus ? its[i] < mine[i] : its[i] > 0;
    }
    *ret = telling > 0 && wrong == 0;
    return RC_OK;
}

/* ---- Judging ---- */

static void set_kin(struct kinship *k, enum kin kin, const char *rule)
{
    if (kin > k->kin) {
        k->kin = kin;
        k->rule = rule;
    }
}

static struct kinship *kin_of(const struct search *s, const struct past_entry *x)
{
    return &s->kin[x - s->log.v];
}

/* Takes x the fix back?  Its message says so of the fix, or of a commit of its subject. */
static bool takes_back(const struct search *s, const struct past_entry *x)
{
    if (names(&x->said, s->ask->fix) == NAMED_REVERT)
        return true;
    if (!opposite_subject(x, &s->fix))
        return false;
    /* It may be a namesake: then the message names a commit that is none of ours. */
    for (size_t i = 0; i < x->said.n; i++) {
        const struct past_entry *of = x->said.named[i].kind == NAMED_REVERT
                                          ? past_log_named(&s->log, &x->said.named[i])
                                          : NULL;
        if (of && kin_of(s, of)->kin != KIN_COPY)
            return false;
    }
    return true;
}

/* Does the message name a copy that was found, and say this of it? */
static bool names_a_copy(const struct search *s, const struct past_entry *x, enum named_kind kind)
{
    for (size_t i = 0; i < x->said.n; i++) {
        const struct past_entry *of =
            x->said.named[i].kind == kind ? past_log_named(&s->log, &x->said.named[i]) : NULL;
        if (of && of != x && kin_of(s, of)->kin == KIN_COPY)
            return true;
    }
    return false;
}

static void judge_words(struct search *s, size_t i)
{
    const struct past_entry *x = &s->log.v[i];
    struct kinship *k = &s->kin[i];
    bool subject = same_subject(x, &s->fix), date = x->author_us == s->fix.author_us;
    enum named_kind named = names(&x->said, s->ask->fix);
    if (x->merge || opposite_subject(x, &s->fix))
        return;
    if (!(s->ask->without & PAST_RULE_TRAILER)) {
        bool copies = is_copy(named) || is_copy(names(&s->fix.said, x->id)) ||
                      same_source(&s->fix.said, &x->said);
        bool plain = names_plainly(x->message, s->ask->fix) ||
                     names_plainly(s->fix.message, x->id) || same_source(&s->fix.said, &x->said);
        if (copies && (plain || subject || date || share(s, k) >= SHARE_LOOSE))
            set_kin(k, KIN_COPY, "trailer");
        else if (copies || named == NAMED_COPY_PART)
            set_kin(k, KIN_MAYBE, "trailer");
    }
    if (subject && date && !(s->ask->without & PAST_RULE_DATE))
        set_kin(k, KIN_COPY, "date");
}

/* Says its message plainly that it copies something else? */
static bool of_another(const struct search *s, const struct past_entry *x)
{
    for (size_t i = 0; i < x->said.n; i++)
        if (x->said.named[i].kind == NAMED_COPY && !(s->ask->without & PAST_RULE_TRAILER))
            return true;
    return false;
}

static enum rc judge_change(struct search *s, size_t i, struct err *e)
{
    const struct past_entry *x = &s->log.v[i];
    struct kinship *k = &s->kin[i];
    bool subject = same_subject(x, &s->fix), date = x->author_us == s->fix.author_us;
    bool author = x->author == s->fix.author;
    if (!k->compared || x->merge || opposite_subject(x, &s->fix))
        return RC_OK;
    if (k->same_patch && !(s->ask->without & PAST_RULE_PATCH_ID))
        set_kin(k, KIN_COPY, "patch-id");
    if (s->ask->without & PAST_RULE_LINES)
        return RC_OK;
    double part = share(s, k);
    bool most = k->common >= LINES_LEAST && part >= (subject ? PAST_CLOSE : 1);
    bool held = false;
    if (most && k->kin != KIN_COPY && !of_another(s, x))
        TRY(holds_lines(s, x, &held, e));
    if (held)
        set_kin(k, KIN_COPY, "lines");
    else if ((k->common >= LINES_LEAST && part >= PAST_CLOSE) ||
             (k->common > 1 && k->common == s->given.n) ||
             ((subject || (author && date)) && part >= SHARE_SOME))
        set_kin(k, KIN_MAYBE, "lines");
    return RC_OK;
}

/* Copies of copies, wherever they are; a commit that is named and is on none of the lines is read:
 * it may itself name the fix. */
static enum rc names_fix_by_way(struct search *s, const struct past_entry *x, bool *ret,
                                struct err *e)
{
    char hex[GIT_OID_HEX + 1];
    *ret = false;
    for (size_t i = 0; i < x->said.n && s->lookups < PAST_LOOKUPS_MAX; i++) {
        const struct named *n = &x->said.named[i];
        struct object o;
        struct past_entry other;
        if (n->kind != NAMED_COPY || n->digits != 2 * NAMED_KEY_LEN || s->ask->fix.n != n->digits)
            continue;
        for (size_t k = 0; k < NAMED_KEY_LEN; k++)
            (void)snprintf(hex + 2 * k, 3, "%02x", n->key[k]);
        if (past_log_find(&s->log, str_c(hex)))
            continue;
        s->lookups++;
        enum rc rc = objects_read(s->ask->objects, str_c(hex), BODY_MAX, &o, e);
        if (rc == RC_NOTFOUND || rc == RC_LIMIT)
            continue;
        TRY(rc);
        if (o.type != OBJECT_COMMIT || !past_entry_of_body(str_c(hex), o.body, &other))
            continue;
        *ret |= names(&other.said, s->ask->fix) == NAMED_COPY ||
                names(&s->fix.said, str_c(hex)) == NAMED_COPY ||
                same_source(&other.said, &s->fix.said);
    }
    return RC_OK;
}

static enum rc judge_names(struct search *s, struct err *e)
{
    bool more = !(s->ask->without & PAST_RULE_TRAILER);
    for (int round = 0; more && round < ROUNDS; round++) {
        more = false;
        for (size_t i = 0; i < s->log.n; i++) {
            const struct past_entry *x = &s->log.v[i];
            if (s->kin[i].kin == KIN_COPY || x->merge || x->said.n == 0 ||
                opposite_subject(x, &s->fix))
                continue;
            bool copy = names_a_copy(s, x, NAMED_COPY);
            if (!copy && round == 0 &&
                (same_subject(x, &s->fix) || x->author_us == s->fix.author_us))
                TRY(names_fix_by_way(s, x, &copy, e));
            if (copy)
                set_kin(&s->kin[i], KIN_COPY, "trailer");
            more |= copy;
        }
    }
    return RC_OK;
}

static void judge_backs(struct search *s)
{
    for (size_t i = 0; i < s->log.n; i++) {
        const struct past_entry *x = &s->log.v[i];
        bool back =
            s->kin[i].kin != KIN_COPY && (takes_back(s, x) || names_a_copy(s, x, NAMED_REVERT));
        /* The fix may itself take something back: then so does its copy. */
        if (back && !(same_subject(x, &s->fix) && s->fix.said.reverts))
            s->kin[i].kin = KIN_BACK;
    }
}

/* ---- The answer of one line ---- */

static void put_id(char dst[GIT_OID_HEX + 1], struct str id)
{
    size_t n = id.n < GIT_OID_HEX ? id.n : GIT_OID_HEX;
    memcpy(dst, id.p, n);
    dst[n] = '\0';
}

static struct str why_yes(const struct search *s, const struct past_already *r)
{
    if (strcmp(r->rule, "graph") == 0)
        return STR("the fix itself is in the history");
    if (strcmp(r->rule, "trailer") == 0)
        return arena_strf(s->a, "commit %.12s says that it is a copy of the fix", r->commit);
    if (strcmp(r->rule, "patch-id") == 0)
        return arena_strf(s->a, "commit %.12s changes the same lines in the same way", r->commit);
    if (strcmp(r->rule, "date") == 0)
        return arena_strf(s->a, "commit %.12s has the subject and author's date of the fix",
                          r->commit);
    return arena_strf(s->a, "commit %.12s holds the changed lines of the fix", r->commit);
}

static struct str why_maybe(const struct search *s, const struct past_already *r,
                            const struct kinship *k)
{
    if (strcmp(r->rule, "trailer") == 0)
        return arena_strf(s->a, "commit %.12s names the fix, or a part of it, as its source",
                          r->commit);
    return arena_strf(s->a, "commit %.12s holds %zu of %zu changed lines of the fix", r->commit,
                      k->common, s->given.n);
}

static struct past_already answer(const struct search *s, size_t line)
{
    uint64_t bit = UINT64_C(1) << line;
    struct past_already r = {.state = PAST_NO, .rule = "", .why = STR("no commit brings the fix")};
    if (s->log.holds & bit) {
        r.state = PAST_YES;
        r.rule = "graph";
        put_id(r.commit, s->ask->fix);
    }
    for (size_t i = 0; i < s->log.n; i++) {
        const struct kinship *k = &s->kin[i];
        if (!(s->log.v[i].on & bit) || k->kin == KIN_NONE)
            continue;
        if (k->kin == KIN_BACK) {
            if (r.state != PAST_YES)
                continue;
            r.state = PAST_TAKEN_BACK;
            put_id(r.back, s->log.v[i].id);
            r.why = arena_strf(s->a, "commit %.12s brought the fix, commit %.12s took it back",
                               r.commit, r.back);
        } else if (r.state != PAST_YES) {
            if (k->kin == KIN_MAYBE && r.state == PAST_TAKEN_BACK)
                continue;
            r.state = k->kin == KIN_COPY ? PAST_YES : PAST_MAYBE;
            r.rule = k->rule;
            r.back[0] = '\0';
            put_id(r.commit, s->log.v[i].id);
            if (k->kin == KIN_MAYBE)
                r.why = why_maybe(s, &r, k);
        }
    }
    if (r.state == PAST_YES)
        r.why = why_yes(s, &r);
    if ((r.state == PAST_NO || r.state == PAST_MAYBE) && s->log.unknown & bit) {
        r.state = PAST_UNKNOWN;
        r.why = STR("the history of this line is not whole here, or too long to look through");
    }
    return r;
}

/* ---- The question ---- */

static enum rc check_ask(const struct past_ask *ask, struct err *e)
{
    if (ask->n_onto > PAST_ONTO_MAX)
        return err_set(e, RC_LIMIT, "more than %d release lines", PAST_ONTO_MAX);
    bool ok = git_oid_ok(ask->fix);
    for (size_t i = 0; i < ask->n_onto; i++)
        ok &= git_oid_ok(ask->onto[i]) && ask->onto[i].n == ask->fix.n;
    return ok ? RC_OK : err_set(e, RC_INVALID, "that is no full id of a commit");
}

static enum rc read_fix(struct search *s, struct err *e)
{
    struct object o;
    enum rc rc = objects_read(s->ask->objects, s->ask->fix, BODY_MAX, &o, e);
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_NOTFOUND, "the fix %.12s is not in this repository", s->ask->fix.p);
    TRY(rc);
    struct str body = arena_str(s->a, o.body);
    TRY(arena_ok(s->a, "the fix", e));
    if (o.type != OBJECT_COMMIT || !past_entry_of_body(s->ask->fix, body, &s->fix))
        return err_set(e, RC_INVALID, "the fix %.12s is no commit", s->ask->fix.p);
    return RC_OK;
}

/* Lines of which the words say nothing sure. */
static uint64_t open_lines(const struct search *s)
{
    uint64_t open = 0;
    for (size_t i = 0; i < s->ask->n_onto; i++)
        if (answer(s, i).state != PAST_YES)
            open |= UINT64_C(1) << i;
    return open;
}

static enum rc look(struct search *s, struct err *e)
{
    for (size_t i = 0; i < s->log.n; i++)
        judge_words(s, i);
    TRY(judge_names(s, e));
    judge_backs(s);
    uint64_t open = open_lines(s);
    if (open) {
        TRY(compare_changes(s, open, e));
        for (size_t i = 0; i < s->log.n; i++) {
            if (s->kin[i].kin == KIN_BACK)
                continue;
            judge_words(s, i);
            TRY(judge_change(s, i, e));
        }
        TRY(judge_names(s, e));
        judge_backs(s);
    }
    return arena_ok(s->a, "the commits of the lines", e);
}

enum rc past_already(const struct past_ask *ask, struct arena *a, struct past_already *ret,
                     struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(MEMORY);
    struct search s = {.ask = ask, .a = tmp};
    TRY(check_ask(ask, e));
    if (ask->memory)
        past_memory_trim(ask->memory);
    TRY(read_fix(&s, e));
    int64_t at = s.fix.author_us < s.fix.commit_us ? s.fix.author_us : s.fix.commit_us;
    int64_t since_s = at / US_PER_S > PAST_OLDER_S ? at / US_PER_S - PAST_OLDER_S : 0;
    TRY(past_log_read(ask, since_s, &s.log, e));
    s.kin = mem_zalloc((s.log.n + 1) * sizeof *s.kin);
    enum rc rc = look(&s, e);
    for (size_t i = 0; i < ask->n_onto && rc == RC_OK; i++) {
        ret[i] = answer(&s, i);
        ret[i].why = arena_str(a, ret[i].why);
    }
    free(s.kin);
    past_log_release(&s.log);
    TRY(rc);
    return arena_ok(a, "the answers", e);
}
