/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of the component map.  Runs in commands and core; the file is the team's own.
 */
#include "desk/components.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/ini.h"
#include "base/when.h"
#include "git/name.h"
#include "os/file.h"

static const char *const relations[] = {"own", "third-party", "copied", "patched", "configured"};

const char *relation_name(enum relation r)
{
    return (unsigned)r < ARRAY_LEN(relations) ? relations[r] : "";
}

struct load {
    struct arena *a;
    const char *file;
    struct components c;
    unsigned keys; /* bits of the keys that the open section has */
};

enum {
    K_RELATION,
    K_WHAT,
    K_PATHS,
    K_UPSTREAM,
    K_VERSION,
    K_CONTACT,
    K_SOURCE,
    K_SEEN,
    K_DATE,
    K_COUNT
};
static const char *const keys[K_COUNT] = {"relation", "what",   "paths", "upstream", "version",
                                          "contact",  "source", "seen",  "date"};

static enum rc wrong(const struct load *l, unsigned line, struct err *e, const char *fmt, ...)
    PRINTF(4, 5);

static enum rc wrong(const struct load *l, unsigned line, struct err *e, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(e, RC_INVALID, "%s:%u: %s", l->file, line, text);
}

static bool date_ok(struct str s)
{
    char text[40];
    int64_t at;
    struct err e;
    if (s.n != 10)
        return false;
    snprintf(text, sizeof text, "%.*sT00:00:00Z", STR_ARG(s));
    return when_parse_rfc3339(str_c(text), &at, &e) == RC_OK;
}

static enum rc read_paths(struct load *l, const struct ini_entry *en, struct component *c,
                          struct err *e)
{
    struct str rest = en->value, one;
    c->paths = arena_array(l->a, COMPONENT_PATHS, sizeof *c->paths);
    if (c->paths == NULL)
        return arena_ok(l->a, "the component map", e);
    while (str_cut(&rest, ',', &one)) {
        one = str_trim(one);
        struct str bare = str_ends(one, STR("/")) ? str_sub(one, 0, one.n - 1) : one;
        if (!git_path_ok(bare))
            return wrong(l, en->line, e, "a path is relative, without .. or empty parts");
        if (c->n_paths == COMPONENT_PATHS)
            return wrong(l, en->line, e, "more than %d paths", COMPONENT_PATHS);
        c->paths[c->n_paths++] = arena_str(l->a, one);
    }
    return RC_OK;
}

static enum rc read_relation(struct load *l, const struct ini_entry *en, struct component *c,
                             struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(relations); i++)
        if (str_eq(en->value, str_c(relations[i]))) {
            c->relation = (enum relation)i;
            return RC_OK;
        }
    return wrong(l, en->line, e, "relation is own, third-party, copied, patched or configured");
}

static enum rc read_value(struct load *l, const struct ini_entry *en, size_t key,
                          struct component *c, struct err *e)
{
    struct str *const texts[K_COUNT] = {
        [K_WHAT] = &c->what,       [K_UPSTREAM] = &c->upstream, [K_VERSION] = &c->version,
        [K_CONTACT] = &c->contact, [K_SOURCE] = &c->source,     [K_DATE] = &c->date};
    if (key == K_RELATION)
        return read_relation(l, en, c, e);
    if (key == K_PATHS)
        return read_paths(l, en, c, e);
    if (key == K_SEEN) {
        c->seen = str_eq(en->value, STR("yes"));
        return c->seen || str_eq(en->value, STR("no")) ? RC_OK
                                                       : wrong(l, en->line, e, "seen is yes or no");
    }
    if (key == K_DATE && !date_ok(en->value))
        return wrong(l, en->line, e, "date is written 2026-01-31");
    *texts[key] = arena_str(l->a, en->value);
    return RC_OK;
}

/* What a finished section must have. */
static enum rc close_section(const struct load *l, struct err *e)
{
    if (l->c.n == 0)
        return RC_OK;
    const struct component *c = &l->c.v[l->c.n - 1];
    for (size_t k = 0; k < K_COUNT; k++) {
        bool needed = k == K_RELATION || k == K_WHAT || k == K_SEEN || k == K_DATE ||
                      ((k == K_CONTACT || k == K_UPSTREAM) && c->relation != RELATION_OWN);
        if (needed && !(l->keys >> k & 1))
            return wrong(l, c->line, e, "[%s] has no %s", c->name.p, keys[k]);
    }
    if (c->what.n == 0)
        return wrong(l, c->line, e, "[%s]: what is empty", c->name.p);
    if (c->seen && c->relation != RELATION_OWN && c->contact.n == 0)
        return wrong(l, c->line, e, "[%s] was seen, but has no contact", c->name.p);
    return RC_OK;
}

static enum rc open_section(struct load *l, const struct ini_entry *en, struct err *e)
{
    TRY(close_section(l, e));
    for (size_t i = 0; i < l->c.n; i++)
        if (str_eq(l->c.v[i].name, en->section))
            return wrong(l, en->line, e, "[%s] stands there twice", l->c.v[i].name.p);
    if (l->c.n == COMPONENTS_MAX)
        return wrong(l, en->line, e, "more than %d components", COMPONENTS_MAX);
    l->keys = 0;
    l->c.v[l->c.n++] = (struct component){.name = arena_str(l->a, en->section), .line = en->line};
    return RC_OK;
}

static enum rc read_entry(struct load *l, const struct ini_entry *en, struct err *e)
{
    if (l->c.n == 0 || !str_eq(l->c.v[l->c.n - 1].name, en->section))
        TRY(open_section(l, en, e));
    for (size_t k = 0; k < K_COUNT; k++) {
        if (!str_eq(en->key, str_c(keys[k])))
            continue;
        if (l->keys >> k & 1)
            return wrong(l, en->line, e, "%s was set already", keys[k]);
        l->keys |= 1U << k;
        return read_value(l, en, k, &l->c.v[l->c.n - 1], e);
    }
    return wrong(l, en->line, e, "there is no key \"%.*s\"", STR_ARG(en->key));
}

enum rc components_parse(struct arena *a, struct str text, const char *file,
                         struct components *ret_c, struct err *e)
{
    struct load l = {.a = a, .file = file};
    struct ini i;
    l.c.v = arena_array(a, COMPONENTS_MAX, sizeof *l.c.v);
    if (l.c.v == NULL)
        return arena_ok(a, "the component map", e);
    ini_init(&i, text);
    for (;;) {
        struct ini_entry en;
        struct err why = ERR_INIT;
        enum rc rc = ini_next(&i, &en, &why);
        if (rc == RC_NOTFOUND)
            break;
        if (rc != RC_OK)
            return wrong(&l, i.line, e, "%s", why.msg);
        TRY(read_entry(&l, &en, e));
    }
    TRY(close_section(&l, e));
    TRY(arena_ok(a, "the component map", e));
    *ret_c = l.c;
    return RC_OK;
}

enum rc components_load(struct arena *a, const char *file, struct components *ret_c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(COMPONENTS_FILE_MAX);
    TRY(file_read(AT_FDCWD, file, COMPONENTS_FILE_MAX, &b, e));
    return components_parse(a, buf_str(&b), file, ret_c, e);
}
