/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a commit counts as a copy of another.  Runs in commands and in the engine child, on counts
 * and comparisons that others made.
 */
#include "engine/affected/equiv_rules.h"

#include <string.h>

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

/* Lines of files that were not compared count against the other one: a sweeping commit. */
static double share_of_other(const struct equiv_facts *f)
{
    return share(f->common, f->other + 4 * f->more_files);
}

static bool same_lines(const struct equiv_facts *f, double *ret_share)
{
    double a = share(f->common, f->given), b = share_of_other(f);
    bool few = f->given < EQUIV_FEW_LINES || f->other < EQUIV_FEW_LINES;
    double least = a < b ? a : b;
    *ret_share = least;
    if (few)
        return f->file && f->common > 0 && f->common == f->given && f->common == f->other &&
               f->more_files == 0;
    return least >= EQUIV_SHARE && (f->file || f->common >= 8);
}

/* The same subject, and what else is needed. */
static double by_subject(const struct equiv_facts *f)
{
    double a = share(f->common, f->given);
    if (!f->subject || !f->file)
        return 0;
    if (!f->own_subject)
        return a >= EQUIV_SHARE_SOME + 0.1 ? 0.7 : 0;
    if (f->author && (f->common || f->vuln))
        return 0.9;
    if (f->vuln)
        return 0.75;
    if (f->author)
        return 0.7;
    return a >= EQUIV_SHARE_SOME - 0.1 ? 0.75 : 0;
}

struct equiv_verdict equiv_judge(const struct equiv_facts *f)
{
    double a = share(f->common, f->given), least, subject = by_subject(f);
    if (f->copy)
        return (struct equiv_verdict){"named", 1.0};
    if (f->patch_id)
        return (struct equiv_verdict){"patch-id", 0.98};
    if (f->subject && f->date && (f->author || f->file))
        return (struct equiv_verdict){"date", 0.96};
    if (same_lines(f, &least))
        return (struct equiv_verdict){"lines", least < 0.95 ? least : 0.95};
    if (subject > 0)
        return (struct equiv_verdict){"subject", subject};
    if (f->date && f->author && f->file && a >= EQUIV_SHARE_SOME)
        return (struct equiv_verdict){"date", 0.85};
    if (f->vuln && f->file && f->common > 1 && a >= EQUIV_SHARE_SOME)
        return (struct equiv_verdict){"vulnerability", 0.7};
    if (f->pull && f->file && f->common > 1 && a >= EQUIV_SHARE_SOME + 0.2)
        return (struct equiv_verdict){"pull-request", 0.7};
    if (f->file && f->given >= EQUIV_HELD_LINES && a >= EQUIV_HELD)
        return (struct equiv_verdict){"contains", 0.65};
    if (f->copy_part)
        return (struct equiv_verdict){"named-part", 0.5};
    return (struct equiv_verdict){NULL, 0};
}

struct str equiv_why(const struct equiv_facts *f, const struct equiv_verdict *v, struct arena *a)
{
    const char *r = v->rule;
    if (strcmp(r, "named") == 0)
        return STR("its message names the commit that it was copied from");
    if (strcmp(r, "named-part") == 0)
        return STR("its message says that it copies a part of the fix");
    if (strcmp(r, "patch-id") == 0)
        return STR("the same patch");
    if (strcmp(r, "date") == 0)
        return f->subject ? STR("the same subject and author's date")
                          : arena_strf(a, "the same author and author's date, %zu of %zu lines",
                                       f->common, f->given);
    if (strcmp(r, "subject") == 0)
        return arena_strf(a, "the same subject%s%s in a file of the same name, %zu of %zu lines",
                          f->author ? " and author" : "", f->vuln ? " and vulnerability" : "",
                          f->common, f->given);
    if (strcmp(r, "vulnerability") == 0)
        return arena_strf(a, "names the same vulnerability, %zu of %zu lines", f->common, f->given);
    if (strcmp(r, "pull-request") == 0)
        return arena_strf(a, "of the same pull request, %zu of %zu lines", f->common, f->given);
    if (strcmp(r, "contains") == 0)
        return arena_strf(a, "a larger commit that holds %zu of %zu lines of the fix", f->common,
                          f->given);
    return arena_strf(a, "%zu of %zu changed lines are the same, of its own %zu", f->common,
                      f->given, f->other);
}
