/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-in for desk/affected.h in tests of the pages and in the preview.  Not part of the
 * program.
 */
#include "affected_stub.h"

#include "web/fixture.h"

struct view_affected stub_affected;

enum rc view_affected(struct desk *d, const struct actor *who, struct arena *a,
                      struct affected_key of, struct view_affected *ret, struct err *e)
{
    (void)d;
    (void)who;
    *ret = stub_affected;
    ret->part = of.part;
    ret->case_number = STR("DEMO-2026-0002");
    ret->case_title = STR("A title & more");
    ret->now_us = FIXTURE_NOW;
    return arena_ok(a, "it", e);
}

void view_affected_auto(struct view_affected *v)
{
    (void)v;
}

enum rc view_picture(struct arena *a, struct str picture, struct view_picture *ret, struct err *e)
{
    (void)picture;
    *ret = (struct view_picture){.svg = STR_NONE};
    return arena_ok(a, "it", e);
}

void view_picture_auto(struct view_picture *p)
{
    (void)p;
}
