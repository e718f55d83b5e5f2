/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Atom feed of advisories.
 * Runs in core.
 * Input: published texts, clean UTF-8; they are escaped here all the same.
 */
#include "publish/atom.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/when.h"

/* U+FFFE and U+FFFF: UTF-8 has them, XML 1.0 does not, and one of them in a title that came with a
 * report would make the whole feed unreadable. */
static bool not_xml(struct str s)
{
    return str_starts(s, STR("\xef\xbf\xbe")) || str_starts(s, STR("\xef\xbf\xbf"));
}

/* XML 1.0 knows no other controls than tab and line end; the texts hold none. */
static void put_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (not_xml(str_sub(s, i, 3))) {
            buf_adds(b, "\xef\xbf\xbd");
            i += 2;
            continue;
        }
        switch (s.p[i]) {
        case '&':
            buf_adds(b, "&amp;");
            break;
        case '<':
            buf_adds(b, "&lt;");
            break;
        case '>':
            buf_adds(b, "&gt;");
            break;
        case '"':
            buf_adds(b, "&quot;");
            break;
        default:
            if ((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t')
                buf_addc(b, s.p[i]);
        }
    }
}

static void element(struct buf *b, const char *open, struct str s, const char *close)
{
    buf_adds(b, open);
    put_text(b, s);
    buf_adds(b, close);
}

static void put_time(struct buf *b, const char *open, int64_t at_us, const char *close)
{
    buf_adds(b, open);
    when_rfc3339(b, at_us);
    buf_adds(b, close);
}

/* RFC 9562 version 8: a name-based one with our own hash. */
static void put_id(struct buf *b, struct str desk_id, struct str name)
{
    AUTO(buf) struct buf text = BUF_INIT(1024);
    unsigned char h[SHA256_LEN];
    char hex[SHA256_HEX];
    buf_addf(&text, "vulndesk advisory %.*s %.*s", STR_ARG(desk_id), STR_ARG(name));
    sha256(buf_str(&text), h);
    h[6] = (unsigned char)((h[6] & 0x0f) | 0x80);
    h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
    hex_put(hex, h, sizeof(h));
    buf_addf(b, "<id>urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s</id>", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

static void put_entry(struct buf *b, const struct atom_feed *f, const struct atom_entry *n)
{
    buf_adds(b, "<entry>");
    put_id(b, f->desk_id, n->number);
    buf_adds(b, "<title type=\"text\">");
    put_text(b, n->number);
    buf_adds(b, n->withdrawn ? ": (withdrawn) " : ": ");
    put_text(b, n->title);
    buf_adds(b, "</title>");
    put_time(b, "<updated>", n->updated_us, "</updated>");
    put_time(b, "<published>", n->published_us, "</published>");
    element(b, "<link rel=\"alternate\" type=\"text/html\" href=\"", n->url, "\"/>");
    element(b, "<link rel=\"related\" type=\"application/json\" title=\"OSV\" href=\"", n->osv_url,
            "\"/>");
    if (n->severity.n)
        element(b, "<category term=\"severity-", n->severity, "\"/>");
    if (n->summary.n)
        element(b, "<summary type=\"text\">", n->summary, "</summary>");
    if (n->html.n)
        element(b, "<content type=\"html\">", n->html, "</content>");
    buf_adds(b, "</entry>\n");
}

enum rc atom_write(const struct atom_feed *f, struct buf *out, struct err *e)
{
    int64_t updated = f->n_entries ? 0 : f->updated_us;
    for (size_t i = 0; i < f->n_entries; i++)
        if (f->entries[i].updated_us > updated)
            updated = f->entries[i].updated_us;
    buf_adds(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<feed xmlns=\"http://www.w3.org/2005/Atom\">");
    put_id(out, f->desk_id, STR("feed"));
    element(out, "<title type=\"text\">", f->title, "</title>");
    put_time(out, "<updated>", updated, "</updated>");
    element(out, "<author><name>", f->author, "</name></author>");
    element(out, "<link rel=\"self\" type=\"application/atom+xml\" href=\"", f->self_url, "\"/>");
    element(out, "<link rel=\"alternate\" type=\"text/html\" href=\"", f->site_url, "\"/>");
    buf_adds(out, "<generator>vulndesk</generator>\n");
    for (size_t i = 0; i < f->n_entries; i++)
        put_entry(out, f, &f->entries[i]);
    buf_adds(out, "</feed>\n");
    return buf_ok(out, "the feed", e);
}
