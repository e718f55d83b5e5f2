/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the flaw that a fix mends is in a release line at all.  Runs in the engine child and in
 * commands; everything that is read is a stranger's.  Whatever is not known for sure counts as
 * affected.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/affected/change.h"
#include "engine/backport/locate.h"
#include "engine/backport/past_blame.h"

#define SPEAKS_BYTES 4096
#define AROUND       2  /* lines on both sides of an insertion that stand for it */
#define SPOTS_MAX    24 /* files of commits whose lines are followed */
#define MEMORY       (UINT64_C(1) << 30)

/* Lines of a file in a commit that are followed. */
struct spot {
    struct str commit, path;
    struct line_range r[BLAME_RANGES_MAX];
    size_t n, lines;
    bool cut; /* there were more */
};

struct judging {
    const struct past_ask *ask;
    struct str onto, parent;
    struct arena *a, *out; /* of this question; the caller's */
    struct spot *spots;
    size_t n_spots, done;
    struct past_commit *origins;
    size_t n_origins;
    bool affected;
    const char *why;
};

static enum rc is_affected(struct judging *j, const char *why)
{
    j->affected = true;
    j->why = why;
    return RC_OK;
}

static bool speaks(struct str line)
{
    char room[SPEAKS_BYTES + 1];
    return line_speaks(str_of(room, line_squeeze(str_sub(line, 0, SPEAKS_BYTES), room)));
}

static void spot_line(struct spot *s, uint32_t line)
{
    struct line_range *last = s->n ? &s->r[s->n - 1] : NULL;
    if (last && line < last->from + last->n)
        return;
    if (s->lines == PAST_LINES_MAX || (s->n == BLAME_RANGES_MAX && line > last->from + last->n)) {
        s->cut = true;
        return;
    }
    s->lines++;
    if (last && line == last->from + last->n)
        last->n++;
    else
        s->r[s->n++] = (struct line_range){line, 1};
}

static struct spot *spot_new(struct judging *j, struct str commit, struct str path)
{
    if (j->n_spots == SPOTS_MAX)
        return NULL;
    struct spot *s = &j->spots[j->n_spots];
    *s = (struct spot){.commit = arena_str(j->a, commit), .path = arena_str(j->a, path)};
    return s;
}

/* ---- What the fix edits ---- */

/* Old lines of a hunk: what is taken out, and what is around an insertion. */
static void hunk_spots(const struct diff_hunk *h, bool around, struct spot *s)
{
    uint32_t at = h->old_start;
    for (size_t i = 0; i < h->n; i++) {
        const struct diff_line *l = &h->lines[i];
        bool near = false;
        if (l->sign == '+')
            continue;
        for (size_t k = i > AROUND ? i - AROUND : 0; around && k < h->n && k <= i + AROUND; k++)
            near |= h->lines[k].sign == '+';
        if ((l->sign == '-' || near) && speaks(l->text))
            spot_line(s, at);
        at++;
    }
}

struct reading {
    struct judging *j;
    size_t files;
};

/* The file's text before and after the fix, and whether the line has any of what is edited. */
static enum rc look_for_text(struct judging *j, struct str path, struct err *e)
{
    struct object o;
    struct locate_ask ask = {.path = path, .release_tree = j->onto};
    bool absent;
    /* A line without the file may have an older one in its place, in other words. */
    enum rc rc = objects_file(j->ask->objects, j->onto, path, LOCATE_FILE_MAX, &o, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_INVALID)
        return is_affected(j, "this line lacks a file of the fix: another may be in its place");
    TRY(rc);
    rc = objects_file(j->ask->objects, j->parent, path, LOCATE_FILE_MAX, &o, e);
    if (rc == RC_OK) {
        ask.base = arena_str(j->a, o.body);
        rc = objects_file(j->ask->objects, j->ask->fix, path, LOCATE_FILE_MAX, &o, e);
        ask.fix = rc == RC_OK ? arena_str(j->a, o.body) : STR_NONE;
        rc = rc == RC_NOTFOUND ? RC_OK : rc; /* the fix takes it away */
    }
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_INVALID)
        return is_affected(j, "a file of the fix cannot be read");
    TRY(rc);
    TRY(arena_ok(j->a, "a file of the fix", e));
    TRY(locate_absent(j->ask->locate, &ask, &absent, e));
    return absent ? RC_OK : is_affected(j, "text that the fix edits is in this line");
}

static enum rc take_fix(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct reading *r = ctx;
    struct judging *j = r->j;
    if (c->cut || c->parents.n == 0 || str_chr(c->parents, ' ') != STR_NPOS)
        return is_affected(j, "the fix is too large, a merge or the first commit");
    j->parent = arena_str(j->a, c->parents);
    for (size_t i = 0; i < c->n && !j->affected; i++) {
        const struct diff_file *f = &c->files[i];
        if (!path_is_code(diff_file_path(f)) || f->old_path.n == 0)
            continue;
        struct spot *s = spot_new(j, j->parent, f->old_path);
        if (f->binary || s == NULL || !git_path_ok(f->old_path))
            return is_affected(j, "the fix has too many files, or such as have no lines");
        for (size_t k = 0; k < f->n; k++)
            hunk_spots(&f->hunks[k], true, s);
        if (s->n == 0 || s->cut)
            return is_affected(j, "the edited lines say too little, or are too many");
        j->n_spots++;
        r->files++;
    }
    return RC_OK;
}

static enum rc read_fix(struct judging *j, struct err *e)
{
    struct reading r = {.j = j};
    struct difflog_ask ask = {.ids = &j->ask->fix, .n = 1, .patch = true};
    bool missing = false;
    TRY(difflog_run(j->ask->git, &ask, take_fix, &r, &missing, e));
    TRY(arena_ok(j->a, "the fix", e));
    if (missing || j->affected)
        return missing ? is_affected(j, "the fix cannot be read here") : RC_OK;
    if (r.files == 0)
        return is_affected(j, "the fix edits no code that was there before it");
    for (size_t i = 0; i < j->n_spots && !j->affected; i++)
        TRY(look_for_text(j, j->spots[i].path, e));
    return RC_OK;
}

/* ---- Where it came from ---- */

struct origin {
    struct judging *j;
    struct str path;
    const struct blamed *lines; /* of this commit and path */
    size_t n;
    size_t added,
        removed; /* speaking lines of the file that it brings; that it takes out elsewhere */
    bool new_file;
};

static bool holds_line(const struct origin *o, const struct diff_hunk *h)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->lines[i].line >= h->new_start && o->lines[i].line < h->new_start + h->new_n)
            return true;
    return false;
}

/* What the commit did to the file: lines that stood in the place of these are older forms of them,
 * and are followed too. */
static enum rc take_origin(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct origin *o = ctx;
    struct judging *j = o->j;
    (void)e;
    if (c->cut || str_chr(c->parents, ' ') != STR_NPOS)
        return is_affected(j, "a commit that brought the text is a merge, or very large");
    for (size_t i = 0; i < c->n; i++) {
        const struct diff_file *f = &c->files[i];
        if (!str_eq(f->new_path, o->path))
            continue;
        o->new_file = f->old_path.n == 0;
        struct spot *s = f->old_path.n ? spot_new(j, c->parents, f->old_path) : NULL;
        if (f->old_path.n && s == NULL)
            return is_affected(j, "the text has too long a history");
        for (size_t k = 0; s && k < f->n; k++)
            if (holds_line(o, &f->hunks[k]))
                hunk_spots(&f->hunks[k], false, s);
        if (s && s->cut)
            return is_affected(j, "the text has too long a history");
        j->n_spots += s && s->n > 0;
    }
    return RC_OK;
}

static enum rc see_origin(struct judging *j, struct origin *o, struct err *e)
{
    struct past_already there;
    struct str id = str_c(o->lines[0].id);
    const struct past_ask ask = {.git = j->ask->git,
                                 .objects = j->ask->objects,
                                 .memory = j->ask->memory,
                                 .fix = id,
                                 .onto = &j->onto,
                                 .n_onto = 1};
    struct past_commit commit;
    TRY(past_already(&ask, j->a, &there, e));
    if (there.state != PAST_NO)
        return is_affected(j, "a commit that brought the text is, or may be, in this line too");
    struct difflog_ask diff = {.ids = &id, .n = 1, .patch = true, .paths = &o->path, .n_paths = 1};
    bool missing = false;
    TRY(difflog_run(j->ask->git, &diff, take_origin, o, &missing, e));
    if (missing)
        return is_affected(j, "a commit that brought the text cannot be read here");
    /* What comes as a whole file was often written anew from one that the line has. */
    if (!j->affected && o->new_file)
        return is_affected(j,
                           "the text came with a new file: it may be written after an older one");
    TRY(past_commit_read(j->ask->objects, id, j->out, &commit, e));
    commit.path = arena_str(j->out, o->path);
    commit.lines = (uint32_t)o->n;
    for (size_t i = 0; i < j->n_origins; i++)
        if (strcmp(j->origins[i].id, commit.id) == 0)
            return RC_OK;
    if (j->n_origins == PAST_ORIGINS_MAX)
        return is_affected(j, "the text has too many origins");
    j->origins[j->n_origins++] = commit;
    return RC_OK;
}

static int by_origin(const void *a, const void *b)
{
    const struct blamed *x = a, *y = b;
    int c = strcmp(x->id, y->id);
    c = c ? c : str_cmp(x->path, y->path);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static enum rc follow(struct judging *j, const struct spot *s, struct err *e)
{
    struct blamed *v;
    size_t n;
    enum rc rc = past_blame(j->ask->git, s->commit, j->onto, s->path, s->r, s->n, j->a, &v, &n, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_TIMEOUT)
        return is_affected(j, "the history of the text cannot be read here");
    TRY(rc);
    for (size_t i = 0; i < n; i++)
        if (v[i].held || v[i].path.n == 0)
            return is_affected(j, "text that the fix edits comes from what this line has too");
    if (n < s->lines)
        return is_affected(j, "the history of the text cannot be read here");
    qsort(v, n, sizeof *v, by_origin);
    for (size_t i = 0, end; i < n && !j->affected; i = end) {
        for (end = i; end < n && strcmp(v[end].id, v[i].id) == 0 && str_eq(v[end].path, v[i].path);)
            end++;
        struct origin o = {.j = j, .path = v[i].path, .lines = v + i, .n = end - i};
        TRY(see_origin(j, &o, e));
    }
    return RC_OK;
}

static enum rc judge(struct judging *j, struct err *e)
{
    j->spots = arena_array(j->a, SPOTS_MAX, sizeof *j->spots);
    j->origins = arena_array(j->out, PAST_ORIGINS_MAX, sizeof *j->origins);
    TRY(arena_ok(j->a, "the places of the fix", e));
    TRY(arena_ok(j->out, "the answer", e));
    TRY(read_fix(j, e));
    while (!j->affected && j->done < j->n_spots)
        TRY(follow(j, &j->spots[j->done++], e));
    return arena_ok(j->a, "the history of the text", e);
}

enum rc past_affected(const struct past_ask *ask, size_t nth_onto, struct arena *a,
                      struct past_affected *ret, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(MEMORY);
    struct judging j = {.ask = ask, .a = tmp, .out = a, .why = ""};
    if (nth_onto >= ask->n_onto || !git_oid_ok(ask->fix) || !git_oid_ok(ask->onto[nth_onto]))
        return err_set(e, RC_INVALID, "that is no full id of a commit");
    j.onto = ask->onto[nth_onto];
    TRY(judge(&j, e));
    *ret = (struct past_affected){.affected = j.affected, .why = arena_str(a, str_c(j.why))};
    if (!j.affected) {
        ret->origins = j.origins;
        ret->n_origins = j.n_origins;
        ret->why = arena_strf(
            a,
            "nothing of the edited text is in this line, nor any of the %zu commits it came from",
            j.n_origins);
    }
    return arena_ok(a, "the answer", e);
}
