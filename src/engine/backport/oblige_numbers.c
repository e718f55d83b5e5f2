/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O8: new files with a running number (migrations, numbered tests): the number they have for the
 * fix may be another file's in this release.  Runs in commands and in the engine child; names are a
 * stranger's.
 */
#include <string.h>

#include "engine/backport/oblige_inside.h"

#define DIGITS_MIN 2u
#define DIGITS_MAX 12u /* longer ones are dates and the like */

/* The first run of digits in a name; false: none of a length that counts. */
static bool number(struct str name, struct str *ret)
{
    for (size_t i = 0; i < name.n; i++) {
        size_t from = i;
        while (i < name.n && ascii_is_digit(name.p[i]))
            i++;
        if (i > from) {
            *ret = str_sub(name, from, i - from);
            return ret->n >= DIGITS_MIN && ret->n <= DIGITS_MAX;
        }
    }
    return false;
}

static void file_number(struct oblige *o, const struct piece *p)
{
    struct str path = p->file->path, digits, taken;
    size_t slash = str_rchr(path, '/');
    struct str name = slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
    if (!number(name, &digits))
        return;
    size_t head = (size_t)(digits.p - name.p) + digits.n;
    /* another file whose name begins alike, up to the number and no further digit */
    struct str dir = slash == STR_NPOS ? STR_NONE : str_sub(path, 0, slash);
    if (!scope_begins(o->ask->scope, &o->release, dir, str_sub(name, 0, head), name, o->a, &taken))
        return;
    struct obligation o8 = {.id = OBLIGE_NUMBERS,
                            .result = OBLIGE_FAIL,
                            .why = OBLIGE_WHY_NUMBER,
                            .class = p->file->class,
                            .path = path};
    oblige_say(o, &o8, "%.*s is new and has the number %.*s, which %.*s has in this release",
               STR_ARG(path), STR_ARG(digits), STR_ARG(taken));
}

void oblige_numbers(struct oblige *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct bp_file *f = o->pieces[i].file;
        if (f->base.mode == 0 && f->release.mode == 0 && f->made.mode != 0)
            file_number(o, &o->pieces[i]);
    }
}
