/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that a reply can start from.
 * Runs in core, before it gives up its rights, and in `config check`.
 * Input: files of the team, checked when loaded.
 */
#include "desk/canned.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/utf8.h"
#include "desk/texts_built_in.h"
#include "os/file.h"

#define CANNED_ARENA (2u << 20)
#define SUFFIX       ".txt"

static bool name_ok(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= CANNED_NAME_MAX;
}

static struct canned_text *slot_of(struct canned *c, struct str name)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->v[i].name, name))
            return &c->v[i];
    return c->n < CANNED_MAX ? &c->v[c->n++] : NULL;
}

static enum rc put(struct canned *c, struct str name, struct str file, struct err *e)
{
    struct str title, text = file;
    (void)str_line(&text, &title);
    title = str_trim(title);
    if (title.n == 0 || title.n > CANNED_TITLE_MAX || str_trim(text).n == 0)
        return err_set(e, RC_INVALID,
                       "%.*s" SUFFIX ": a title of at most %d bytes and a text below it are wanted",
                       STR_ARG(name), CANNED_TITLE_MAX);
    if (!utf8_valid(file) || !utf8_is_clean(file))
        return err_set(e, RC_INVALID, "%.*s" SUFFIX " is not plain UTF-8 text", STR_ARG(name));
    struct canned_text *t = slot_of(c, name);
    if (t == NULL)
        return err_set(e, RC_LIMIT, "more than %d texts", CANNED_MAX);
    *t = (struct canned_text){arena_str(c->arena, name), arena_str(c->arena, title),
                              arena_str(c->arena, str_trim(text))};
    return arena_ok(c->arena, "texts for replies", e);
}

static enum rc put_file(struct canned *c, int dirfd, struct str file_name, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(CANNED_FILE_MAX + 1);
    AUTO(mem) char *path = str_dup(file_name);
    struct str name = str_sub(file_name, 0, file_name.n - strlen(SUFFIX));
    if (!name_ok(name))
        return err_set(e, RC_INVALID, "a file's name is a-z, 0-9 and -, at most %d, and " SUFFIX,
                       CANNED_NAME_MAX);
    TRY(file_read(dirfd, path, CANNED_FILE_MAX, &b, e));
    return put(c, name, buf_str(&b), e);
}

static enum rc put_folder(struct canned *c, int dirfd, struct err *e)
{
    DIR *dir = fdopendir(dup(dirfd));
    enum rc rc = RC_OK;
    if (dir == NULL)
        return err_set(e, RC_IO, "cannot be listed");
    for (struct dirent *d; rc == RC_OK && (d = readdir(dir)) != NULL;) {
        struct str name = str_c(d->d_name);
        if (name.p[0] != '.' && str_ends(name, STR(SUFFIX)))
            rc = put_file(c, dirfd, name, e);
    }
    closedir(dir);
    return rc;
}

static int by_title(const void *a, const void *b)
{
    const struct canned_text *x = a, *y = b;
    int by = str_cmp(x->title, y->title);
    return by ? by : str_cmp(x->name, y->name);
}

enum rc canned_load(struct str dir, struct canned **ret_c, struct err *e)
{
    AUTO(canned) struct canned *c = mem_zalloc(sizeof *c);
    c->arena = arena_new(CANNED_ARENA);
    c->v = arena_array(c->arena, CANNED_MAX, sizeof *c->v);
    TRY(arena_ok(c->arena, "texts for replies", e));
    for (int i = 0; i < built_in_canned_count; i++)
        TRY(put(c, str_c(built_in_canned[i].name), str_c(built_in_canned[i].text), e));
    if (dir.n > 0) {
        AUTO(fd) int fd = -1;
        AUTO(mem) char *path = str_dup(dir);
        enum rc rc = dir_open(AT_FDCWD, path, &fd, e);
        if (rc == RC_OK)
            rc = put_folder(c, fd, e);
        if (rc != RC_OK && rc != RC_NOTFOUND)
            return err_prefix(e, "folder of texts for replies (desk.canned): ");
    }
    qsort(c->v, c->n, sizeof *c->v, by_title);
    *ret_c = TAKE(c);
    return RC_OK;
}

void canned_free(struct canned *c)
{
    if (c == NULL)
        return;
    arena_free(c->arena);
    free(c);
}

void canned_auto(struct canned **c)
{
    canned_free(*c);
}

const struct canned_text *canned_find(const struct canned *c, struct str name)
{
    for (size_t i = 0; c && i < c->n; i++)
        if (str_eq(c->v[i].name, name))
            return &c->v[i];
    return NULL;
}

struct str canned_fill(struct arena *a, const struct canned_text *t, struct str name,
                       struct str number)
{
    static const struct str fields[] = {{"{name}", 6}, {"{number}", 8}};
    const struct str values[] = {name, number};
    AUTO(buf) struct buf b = BUF_INIT(CANNED_FILE_MAX * 4);
    struct str rest = t->text;
    while (rest.n) {
        size_t at = str_chr(rest, '{'), i = 0;
        if (at == STR_NPOS)
            break;
        buf_add(&b, str_sub(rest, 0, at));
        rest = str_sub(rest, at, rest.n);
        while (i < ARRAY_LEN(fields) && !str_starts(rest, fields[i]))
            i++;
        buf_add(&b, i < ARRAY_LEN(fields) ? values[i] : STR("{"));
        rest = str_sub(rest, i < ARRAY_LEN(fields) ? fields[i].n : 1, rest.n);
    }
    buf_add(&b, rest);
    return b.over ? t->text : arena_str(a, buf_str(&b));
}
