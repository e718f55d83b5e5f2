/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and colours of the engines' pictures.  Pure; runs in core and in commands, on names that
 * are a stranger's.
 */
#include "engine/svg.h"

#include "base/utf8.h"

void svg_text(struct buf *b, struct str s, size_t max)
{
    uint32_t cp = 0;
    for (size_t letters = 0; s.n > 0; letters++) {
        size_t n = utf8_next(s, &cp);
        if (letters == max) {
            buf_adds(b, "\xe2\x80\xa6");
            return;
        }
        bool bad = n == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp & 0xfffe) == 0xfffe;
        s = str_sub(s, n ? n : 1, s.n);
        if (n && (cp == '\t' || cp == '\n'))
            buf_addc(b, ' ');
        else if (bad)
            buf_adds(b, "\xef\xbf\xbd");
        else if (utf8_is_trick(cp))
            buf_addf(b, "[U+%04X]", cp);
        else if (cp == '<' || cp == '>' || cp == '&' || cp == '"' || cp == '\'')
            buf_addf(b, "&#%u;", cp);
        else
            utf8_put(b, cp);
    }
}

void svg_name(struct buf *b, struct str s, size_t max)
{
    bool plain = true;
    for (size_t i = 0; i < s.n; i++)
        plain = plain && (unsigned char)s.p[i] < 0x80;
    buf_adds(b, plain ? "" : "\xe2\x81\xa8");
    svg_text(b, s, max);
    buf_adds(b, plain ? "" : "\xe2\x81\xa9");
}

/* Beside web/static/site.css, which has the same for pages. */
const char svg_styles[] =
    "<style>.map{--g:#fff;--k:#1d2329;--c:#5c6670;--a:#b3261e;--f:#176b35;--n:#5c6670;--u:#7a4bb0;"
    "--l:#cfd6dc;background:var(--g)}"
    "@media(prefers-color-scheme:dark){.map{--g:#14181c;--k:#e8ecef;--c:#a5afb8;--a:#ff8a80;"
    "--f:#69d58b;--n:#a5afb8;--u:#c9a6ff;--l:#3a434b}}"
    ".map text{font:11px system-ui,sans-serif;fill:var(--k)}"
    ".map .map-l{font-size:10px}.map .map-s{font-weight:600}.map .map-g,.map .map-k{fill:var(--c)}"
    ".map-q,.map-c,.map-w{text-anchor:middle}.map .map-q,.map "
    ".map-w{font-weight:700;font-size:10px}"
    ".map .map-w{fill:var(--g)}"
    ".map-a,.map-i{fill:var(--a)}.map-f{fill:var(--g);stroke:var(--f);stroke-width:2}"
    ".map-t{fill:none;stroke:var(--f);stroke-width:2}"
    ".map-n{fill:var(--g);stroke:var(--n);stroke-width:1.5}"
    ".map-u{fill:var(--g);stroke:var(--u);stroke-width:1.5;stroke-dasharray:3 2}"
    ".map-x{fill:var(--g);stroke:var(--f);stroke-width:2}.map-b{stroke-dasharray:3 2}"
    ".map-m{fill:var(--a)}.map-p{fill:var(--g);stroke:var(--c)}.map-d,.map-e{stroke:var(--k);"
    "stroke-width:2}.map-r{stroke:var(--l);stroke-width:2}.map-v{fill:none;stroke:var(--c)}.map-y{"
    "stroke:var(--l);"
    "stroke-dasharray:1 3}.map-hit{fill:transparent}"
    ".map-tip{visibility:hidden;pointer-events:none}.map-tip rect{fill:var(--g)}"
    ".map-o:hover .map-tip,.map-o:focus .map-tip{visibility:visible}"
    ".map-o:focus .map-hit{stroke:var(--k);stroke-width:2}</style>";
