/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The advisory as text for a mail.
 * Runs in core.
 * Input: an advisory that was checked when it was written; names as reporters gave them.
 */
#include "publish/text.h"

#include "base/when.h"

static void fact(struct buf *b, const char *name, struct str value)
{
    if (value.n)
        buf_addf(b, "%-10s %.*s\n", name, STR_ARG(value));
}

static void list(struct buf *b, const char *name, const struct str *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fact(b, i ? "" : name, v[i]);
}

static void day(struct buf *b, const char *name, int64_t at_us)
{
    AUTO(buf) struct buf t = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us == 0)
        return;
    when_human(&t, at_us);
    fact(b, name, buf_str(&t));
}

static void heading(struct buf *b, const char *words)
{
    buf_addf(b, "\n%s\n\n", words);
}

static void add_events(struct buf *b, const struct adv_doc *d)
{
    AUTO(buf) struct buf t = BUF_INIT(WHEN_TEXT_MAX);
    if (d->c.n_timeline == 0)
        return;
    heading(b, "Timeline");
    for (size_t i = 0; i < d->c.n_timeline; i++)
        buf_addf(b, "  %.*s  %.*s\n", STR_ARG(d->c.timeline[i].date),
                 STR_ARG(d->c.timeline[i].text));
    if (d->published_us == 0)
        return;
    when_rfc3339(&t, d->published_us);
    buf_addf(b, "  %.10s  Published\n", buf_c(&t));
}

static void add_credits(struct buf *b, const struct adv_doc *d)
{
    if (d->c.n_credits == 0)
        return;
    heading(b, "Thanks to");
    for (size_t i = 0; i < d->c.n_credits; i++)
        buf_addf(b, "  %.*s (%.*s)\n", STR_ARG(d->c.credits[i].name),
                 STR_ARG(d->c.credits[i].role));
}

enum rc adv_text(const struct adv_doc *d, struct buf *b, struct err *e)
{
    if (d->withdrawn_us)
        buf_addf(b, "This advisory is withdrawn: %.*s\n\n", STR_ARG(d->withdrawn_reason));
    buf_addf(b, "%.*s\n\n", STR_ARG(d->c.title));
    fact(b, "Advisory", d->number);
    list(b, "CVE", d->c.cves, d->c.n_cves);
    fact(b, "Product", d->product);
    fact(b, "Severity", d->c.severity);
    fact(b, "CVSS", d->c.cvss);
    list(b, "Affected", d->c.affected, d->c.n_affected);
    list(b, "Fixed in", d->c.fixed, d->c.n_fixed);
    day(b, "Published", d->published_us);
    if (d->modified_us != d->published_us)
        day(b, "Changed", d->modified_us);
    if (d->c.summary.n)
        buf_addf(b, "\n%.*s\n", STR_ARG(d->c.summary));
    if (d->c.body.n)
        buf_addf(b, "\n%.*s\n", STR_ARG(str_trim(d->c.body)));
    add_events(b, d);
    add_credits(b, d);
    if (d->c.n_refs) {
        heading(b, "References");
        for (size_t i = 0; i < d->c.n_refs; i++)
            buf_addf(b, "  %.*s\n", STR_ARG(d->c.refs[i]));
    }
    if (d->n_changes) {
        heading(b, "Changes since the first publication");
        for (size_t i = 0; i < d->n_changes; i++) {
            AUTO(buf) struct buf t = BUF_INIT(WHEN_TEXT_MAX);
            when_rfc3339(&t, d->changes[i].at_us);
            buf_addf(b, "  %.10s  %.*s\n", buf_c(&t), STR_ARG(d->changes[i].text));
        }
    }
    return buf_ok(b, "the text of the advisory", e);
}
