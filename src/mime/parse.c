/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tree of entities to the typed record.  Runs in the parse child on hostile bytes.
 *
 * Every entity gets one use (text, hidden alternative, attachment, structure) in two passes over
 * the flat list of entities, children before parents and then parents before children; nothing
 * here recurses.
 */
#include "mime/parse.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "mime/parse_entity.h"
#include "mime/parse_patch.h"
#include "mime/text.h"
#include "mime/text_charset.h"

enum use { USE_STRUCTURE, USE_TEXT, USE_HIDDEN, USE_ATTACHMENT };

struct node {
    struct entity *x;
    enum use use;
    bool has_plain, has_html; /* body text in it or below it, same message */
    bool hide;                /* in an alternative that was not chosen */
    int64_t owner;            /* number of the message's root entity */
    bool damaged;
    struct str text_piece; /* of the root message: clean text of this part */
};

struct walk {
    struct arena *a;       /* the record */
    struct arena *scratch; /* tree, texts in the making */
    struct warnings w;
    struct tree tree;
    struct node *node; /* by number */
    struct mail *m;
    size_t forwarded_left; /* bytes of forwarded text still allowed */
};

/* --- uses --- */

static struct str entity_name(const struct entity *x)
{
    struct str s = header_param(&x->disposition, "filename");
    return s.n > 0 ? s : header_param(&x->type, "name");
}

static bool is_message_root(const struct entity *x)
{
    return x->parent == NULL || x->parent->message;
}

static bool is_html(const struct entity *x)
{
    return str_eq(x->mime, STR("text/html"));
}

/* A leaf that is read as text of its message. */
static bool is_body(const struct entity *x)
{
    if (x->multipart)
        return x->first == NULL; /* no part found in it: its bytes are all there is to read */
    if (x->message || str_eq(x->disposition.word, STR("attachment")))
        return false;
    if (is_message_root(x))
        return str_starts(x->mime, STR("text/")) || str_starts(x->mime, STR("multipart/"));
    return (str_eq(x->mime, STR("text/plain")) || is_html(x)) && entity_name(x).n == 0;
}

static bool is_blank(struct str s)
{
    return str_trim(s).n == 0;
}

/* The child of a multipart/alternative to read: plain text before HTML. */
static struct entity *choose(struct walk *k, struct entity *alt)
{
    for (struct entity *c = alt->first; c; c = c->next)
        if (k->node[c->number].has_plain)
            return c;
    for (struct entity *c = alt->first; c; c = c->next)
        if (k->node[c->number].has_html)
            return c;
    return NULL;
}

static void pass_up(struct walk *k)
{
    for (size_t i = k->tree.n; i > 0; i--) {
        struct node *n = &k->node[i - 1];
        const struct entity *x = n->x;
        if (is_body(x) && !is_blank(x->body)) {
            n->has_html = n->has_html || is_html(x);
            n->has_plain = n->has_plain || !is_html(x);
        }
        if (x->parent && !x->parent->message) {
            struct node *p = &k->node[x->parent->number];
            p->has_plain = p->has_plain || n->has_plain;
            p->has_html = p->has_html || n->has_html;
        }
    }
}

static void pass_down(struct walk *k)
{
    for (size_t i = 0; i < k->tree.n; i++) {
        struct node *n = &k->node[i];
        struct entity *x = n->x;
        if (is_message_root(x))
            n->owner = x->number;
        else
            n->owner = k->node[x->parent->number].owner;
        if (x->parent && k->node[x->parent->number].hide && !is_message_root(x))
            n->hide = true;
        if (x->multipart && str_eq(x->mime, STR("multipart/alternative"))) {
            const struct entity *best = choose(k, x);
            for (struct entity *c = x->first; best && c; c = c->next)
                k->node[c->number].hide = c != best;
        }
        if (is_body(x))
            n->use = n->hide ? USE_HIDDEN : USE_TEXT;
        else if (x->multipart)
            n->use = USE_STRUCTURE;
        else
            n->use = USE_ATTACHMENT;
    }
}

/* --- text --- */

static bool param_is(const struct entity *x, const char *name, struct str want)
{
    return str_eq_nocase(header_param(&x->type, name), want);
}

/* The part as clean text into out (which is bounded); returns whether something was cut. */
static bool read_text(struct walk *k, struct node *n, struct buf *out)
{
    const struct entity *x = n->x;
    AUTO(buf) struct buf bytes = BUF_INIT(PARSE_DECODE_MAX);
    AUTO(buf) struct buf utf8 = BUF_INIT(2 * PARSE_DECODE_MAX);
    AUTO(buf) struct buf plain = BUF_INIT(2 * MAIL_TEXT_MAX);
    bool cut = false;
    /* A multipart that is read as text keeps its encoding undone: RFC 2045 6.4. */
    bool multi = str_starts(x->mime, STR("multipart/"));
    enum decode_cte cte = multi ? CTE_IDENTITY : x->cte;
    if (!decode_to_buf(cte, x->body, &bytes, &cut)) {
        n->damaged = true;
        warn(k->w, MAIL_WARN_BAD_ENCODING);
    }
    struct charset_note note;
    charset_to_utf8(&utf8, buf_str(&bytes), header_param(&x->type, "charset"), &note);
    if (note.unknown)
        warn(k->w, MAIL_WARN_UNKNOWN_CHARSET);
    if (note.bad)
        warn(k->w, MAIL_WARN_BAD_CHARSET);
    struct str text = buf_str(&utf8);
    if (is_html(x)) {
        text_from_html(&plain, text);
        text = buf_str(&plain);
    } else if (param_is(x, "format", STR("flowed"))) {
        text_unflow(&plain, text, param_is(x, "delsp", STR("yes")));
        text = buf_str(&plain);
    }
    cut = cut || utf8.over || plain.over || text.n > 2 * MAIL_TEXT_MAX;
    text = utf8_clip(text, 2 * MAIL_TEXT_MAX);
    AUTO(buf) struct buf clean = BUF_INIT(3 * text.n + 1);
    utf8_clean(&clean, text);
    struct str fits = utf8_clip(buf_str(&clean), out->max - out->n);
    buf_add(out, fits);
    return cut || fits.n < clean.n;
}

/* All text of the message whose root entity has this number. */
static bool read_message(struct walk *k, int64_t root, struct buf *out,
                         enum mail_text_source *ret_source)
{
    bool cut = false;
    enum mail_text_source source = MAIL_TEXT_NONE;
    for (size_t i = (size_t)root; i < k->tree.n; i++) {
        struct node *n = &k->node[i];
        if (n->owner != root || n->use != USE_TEXT)
            continue;
        if (out->n > 0 && out->n + 2 < out->max) {
            if (out->p[out->n - 1] != '\n')
                buf_addc(out, '\n');
            buf_addc(out, '\n');
        }
        size_t from = out->n;
        cut = read_text(k, n, out) || cut;
        if (root == 0)
            n->text_piece = arena_str(k->scratch, str_sub(buf_str(out), from, out->n));
        if (source != MAIL_TEXT_HTML)
            source = is_html(n->x) ? MAIL_TEXT_HTML : MAIL_TEXT_PLAIN;
    }
    if (cut)
        warn(k->w, MAIL_WARN_TEXT_CUT);
    *ret_source = source;
    return cut;
}

/* --- attachments and hashes --- */

struct digest {
    struct sha256_ctx exact, text;
    int64_t size;
    bool cr; /* a CR is held back until the next byte is known */
};

/* Line ends as LF, so that the way a mail took does not change the digest. */
static void add_lf(struct digest *d, struct str s)
{
    while (s.n > 0) {
        if (d->cr && s.p[0] != '\n')
            sha256_add(&d->text, STR("\r"));
        d->cr = false;
        size_t n = str_chr(s, '\r');
        if (n == STR_NPOS)
            n = s.n;
        sha256_add(&d->text, str_sub(s, 0, n));
        d->cr = n < s.n;
        s = str_sub(s, n + 1, s.n);
    }
}

static bool digest_exact(void *ctx, struct str piece)
{
    struct digest *d = ctx;
    sha256_add(&d->exact, piece);
    d->size += (int64_t)piece.n;
    return true;
}

static bool digest_text(void *ctx, struct str piece)
{
    add_lf(ctx, piece);
    return digest_exact(ctx, piece);
}

/* The bytes that --part hands out: of an opened message the whole message. */
static enum decode_cte part_cte(const struct entity *x)
{
    return str_starts(x->mime, STR("multipart/")) ? CTE_IDENTITY : x->cte;
}

/* Adds the leaf's line to the content hash and, for text, the digest with LF line ends. */
static void digest_leaf(struct walk *k, struct node *n, struct sha256_ctx *content, char *hex,
                        int64_t *ret_size)
{
    const struct entity *x = n->x;
    struct digest d = {.size = 0, .cr = false};
    unsigned char exact[SHA256_LEN], text[SHA256_LEN];
    bool is_text = str_starts(x->mime, STR("text/")) || str_starts(x->mime, STR("multipart/"));
    sha256_init(&d.exact);
    sha256_init(&d.text);
    bool good = decode_body(part_cte(x), x->body, is_text ? digest_text : digest_exact, &d);
    if (d.cr)
        sha256_add(&d.text, STR("\r"));
    sha256_end(&d.exact, exact);
    sha256_end(&d.text, text);
    hex_put(hex, exact, SHA256_LEN);
    hex[SHA256_HEX - 1] = '\0';
    *ret_size = d.size;
    if (!good && n->use != USE_TEXT)
        warn(k->w, MAIL_WARN_BAD_ENCODING);
    n->damaged = !good;
    char line[SHA256_HEX];
    hex_put(line, is_text ? text : exact, SHA256_LEN);
    line[SHA256_HEX - 1] = '\0';
    if (x->message)
        return;
    sha256_add(content, STR("part "));
    sha256_add(content, x->mime);
    sha256_add(content, STR(" "));
    sha256_add(content, str_c(line));
    sha256_add(content, STR("\n"));
}

static struct str plain_id(struct arena *a, struct str value, struct warnings w)
{
    struct mail_strs ids = header_ids(a, value, 1, w);
    return ids.n > 0 ? ids.p[0] : STR_NONE;
}

static void add_attachment(struct walk *k, struct node *n, const char *hex, int64_t size)
{
    const struct entity *x = n->x;
    if (k->m->attachments.n == MAIL_ATTACH_MAX) {
        warn(k->w, MAIL_WARN_ATTACH_CUT);
        return;
    }
    struct mail_attachment *at = &k->m->attachments.p[k->m->attachments.n++];
    struct str name = entity_name(x);
    bool changed = false;
    at->part = x->number;
    at->orig_name = arena_str(k->a, utf8_clip(name, MAIL_ORIG_NAME_MAX));
    at->name = text_file_name(k->a, name, x->number, x->mime, &changed);
    if (changed && name.n > 0)
        warn(k->w, MAIL_WARN_NAME_CHANGED);
    at->type = arena_str(k->a, x->mime);
    at->size = size;
    memcpy(at->sha256, hex, SHA256_HEX);
    at->damaged = n->damaged;
    at->content_id = plain_id(k->a, header_get(&x->h, "content-id"), k->w);
    bool related = x->parent && str_eq(x->parent->mime, STR("multipart/related"));
    at->is_inline = str_eq(x->disposition.word, STR("inline")) || (related && at->content_id.n > 0);
}

/* A message inside a message is in the outer one's bytes already; hashing it again at each level
 * would make nesting expensive. */
static bool is_nested_message(const struct walk *k, const struct node *n)
{
    return n->x->message && n->owner != 0;
}

static void attachments(struct walk *k)
{
    struct sha256_ctx content;
    unsigned char sum[SHA256_LEN];
    char hex[SHA256_HEX];
    k->m->attachments.p = arena_array(k->a, k->tree.n, sizeof(struct mail_attachment));
    sha256_init(&content);
    for (size_t i = 0; k->m->attachments.p && i < k->tree.n; i++) {
        struct node *n = &k->node[i];
        int64_t size = 0;
        if (n->use == USE_STRUCTURE || is_nested_message(k, n))
            continue;
        digest_leaf(k, n, &content, hex, &size);
        if (n->use == USE_ATTACHMENT)
            add_attachment(k, n, hex, size);
    }
    sha256_end(&content, sum);
    hex_put(k->m->content_sha256, sum, SHA256_LEN);
    k->m->content_sha256[SHA256_HEX - 1] = '\0';
}

/* --- crypto --- */

static enum mail_crypto entity_crypto(const struct entity *x)
{
    struct str protocol = header_param(&x->type, "protocol");
    if (str_eq(x->mime, STR("application/pgp-encrypted")) ||
        (str_eq(x->mime, STR("multipart/encrypted")) &&
         !str_eq_nocase(protocol, STR("application/pkcs7-mime"))))
        return MAIL_CRYPTO_PGP_ENCRYPTED;
    if (str_eq(x->mime, STR("application/pkcs7-mime")) ||
        str_eq(x->mime, STR("application/x-pkcs7-mime"))) {
        struct str kind = header_param(&x->type, "smime-type");
        return str_eq_nocase(kind, STR("signed-data")) ? MAIL_CRYPTO_SMIME_SIGNED
                                                       : MAIL_CRYPTO_SMIME_ENCRYPTED;
    }
    if (!str_eq(x->mime, STR("multipart/signed")))
        return MAIL_CRYPTO_NONE;
    return str_find_nocase(protocol, STR("pkcs7")) != STR_NPOS ? MAIL_CRYPTO_SMIME_SIGNED
                                                               : MAIL_CRYPTO_PGP_SIGNED;
}

/* after_lf starts with the line end in front of it: the first line has none. */
static bool has_line(struct str text, struct str after_lf)
{
    return str_starts(text, str_sub(after_lf, 1, after_lf.n)) ||
           str_find(text, after_lf) != STR_NPOS;
}

static bool is_encrypted(enum mail_crypto c)
{
    return c >= MAIL_CRYPTO_PGP_ENCRYPTED && c <= MAIL_CRYPTO_SMIME_ENCRYPTED;
}

/* The outermost claim of encryption wins over one of a signature. */
static void crypto(struct walk *k)
{
    enum mail_crypto found = MAIL_CRYPTO_NONE;
    for (size_t i = 0; i < k->tree.n && !is_encrypted(found); i++) {
        if (k->node[i].owner != 0)
            continue;
        enum mail_crypto c = entity_crypto(k->node[i].x);
        if (found == MAIL_CRYPTO_NONE || is_encrypted(c))
            found = c;
    }
    if (!is_encrypted(found) && has_line(k->m->text, STR("\n-----BEGIN PGP MESSAGE-----")))
        found = MAIL_CRYPTO_PGP_INLINE_ENCRYPTED;
    if (found == MAIL_CRYPTO_NONE &&
        has_line(k->m->text, STR("\n-----BEGIN PGP SIGNED MESSAGE-----")))
        found = MAIL_CRYPTO_PGP_SIGNED;
    k->m->crypto = found;
}

/* --- header --- */

static struct mail_addr first_addr(struct walk *k, const struct header *h, const char *field,
                                   size_t *ret_total)
{
    struct mail_addrs l = header_addrs(k->a, header_get(h, field), 1, ret_total, k->w);
    return l.n > 0 ? l.p[0] : (struct mail_addr){STR_NONE, STR_NONE};
}

static void duplicates(struct walk *k, const struct header *h)
{
    static const char *const once[] = {"from",        "sender",     "reply-to",    "to",
                                       "cc",          "subject",    "date",        "message-id",
                                       "in-reply-to", "references", "content-type"};
    for (size_t i = 0; i < ARRAY_LEN(once); i++)
        if (header_count(h, once[i]) > 1)
            warn(k->w, MAIL_WARN_DUPLICATE_FIELD);
}

static void header_fields(struct walk *k, const struct header *h)
{
    struct mail *m = k->m;
    size_t n = 0;
    m->from = first_addr(k, h, "from", &n);
    m->from_mailboxes = (int64_t)n;
    m->from_fields = (int64_t)header_count(h, "from");
    if (m->from_fields > 1 || m->from_mailboxes > 1)
        warn(k->w, MAIL_WARN_MANY_FROM);
    m->sender = first_addr(k, h, "sender", &n);
    m->reply_to = header_addrs(k->a, header_get(h, "reply-to"), MAIL_REPLY_TO_MAX, &n, k->w);
    m->to = header_addrs(k->a, header_get(h, "to"), MAIL_RCPT_MAX, &n, k->w);
    m->cc = header_addrs(k->a, header_get(h, "cc"), MAIL_RCPT_MAX, &n, k->w);
    m->subject = header_text(k->a, header_get(h, "subject"), MAIL_SUBJECT_MAX, k->w);
    m->message_id = plain_id(k->a, header_get(h, "message-id"), k->w);
    m->in_reply_to = header_ids(k->a, header_get(h, "in-reply-to"), MAIL_IRT_MAX, k->w);
    m->references = header_ids(k->a, header_get(h, "references"), MAIL_REFS_MAX, k->w);
    m->has_date = header_date(k->a, header_get(h, "date"), &m->date_us, k->w);
    m->list_id = header_text(k->a, header_get(h, "list-id"), MAIL_LIST_ID_MAX, k->w);
    m->received = (int64_t)h->received;
    duplicates(k, h);
}

static struct str auth_line(struct arena *a, struct str s, size_t max)
{
    AUTO(buf) struct buf b = BUF_INIT(3 * s.n + 1);
    utf8_clean_line(&b, s);
    return arena_str(a, utf8_clip(buf_str(&b), max));
}

/* authres.c hands out borrowed bytes of the header; here they become border-clean. */
static void auth_clean(struct arena *a, struct authres *r)
{
    r->authserv_id = auth_line(a, r->authserv_id, MAIL_AUTH_VALUE_MAX);
    for (size_t i = 0; i < r->n_results; i++) {
        struct authres_result *x = &r->results[i];
        x->method = auth_line(a, x->method, MAIL_AUTH_WORD_MAX);
        x->result = auth_line(a, x->result, MAIL_AUTH_WORD_MAX);
        x->reason = auth_line(a, x->reason, MAIL_AUTH_VALUE_MAX);
        for (size_t j = 0; j < x->n_props; j++) {
            x->props[j].ptype = auth_line(a, x->props[j].ptype, MAIL_AUTH_WORD_MAX);
            x->props[j].property = auth_line(a, x->props[j].property, MAIL_AUTH_WORD_MAX);
            x->props[j].value = auth_line(a, x->props[j].value, MAIL_AUTH_VALUE_MAX);
        }
    }
}

static bool index_in(const size_t *list, size_t n, size_t i)
{
    for (size_t j = 0; j < n; j++)
        if (list[j] == i)
            return true;
    return false;
}

/* Fields that do not parse count as absent. */
static enum rc authentication(struct walk *k, const struct header *h, const struct parse_opts *o,
                              struct err *e)
{
    struct mail *m = k->m;
    size_t trusted[AUTHRES_FIELDS_MAX];
    size_t n_trusted = authres_trusted(h->f, h->n, &o->border, trusted, AUTHRES_FIELDS_MAX);
    int64_t received = 0;
    m->auth.p = arena_array(k->a, MAIL_AUTH_MAX, sizeof *m->auth.p);
    for (size_t i = 0; m->auth.p && i < h->n; i++) {
        struct authres *r = NULL;
        if (str_eq_nocase(h->f[i].name, STR("received")))
            received++;
        if (!str_eq_nocase(h->f[i].name, STR("authentication-results")))
            continue;
        if (m->auth.n == MAIL_AUTH_MAX) {
            warn(k->w, MAIL_WARN_LIST_CUT);
            break;
        }
        struct err ignored = ERR_INIT;
        if (authres_parse(k->a, h->f[i].value, &r, &ignored) != RC_OK)
            continue;
        auth_clean(k->a, r);
        m->auth.p[m->auth.n++] = (struct mail_auth){*r, received, index_in(trusted, n_trusted, i)};
    }
    struct authres_verdict v = {AUTHRES_NONE, 0, 0};
    size_t at = str_rchr(m->from.addr, '@');
    struct str domain = at == STR_NPOS ? STR_NONE : str_sub(m->from.addr, at + 1, m->from.addr.n);
    /* Two senders have no domain that could be proved. */
    if (domain.n > 0 && m->from_fields == 1 && m->from_mailboxes == 1)
        TRY(authres_judge(k->scratch, h->f, h->n, &o->border, domain, &v, e));
    m->proof = v.proof;
    return RC_OK;
}

static bool has_field(const struct header *h, const struct parse_spam *rules, size_t n)
{
    for (size_t i = 0; i < n && i < PARSE_SPAM_MAX; i++)
        for (size_t j = 0; j < h->n; j++)
            if (str_eq_nocase(h->f[j].name, rules[i].name) &&
                str_starts_nocase(str_trim(h->f[j].value), rules[i].word))
                return true;
    return false;
}

/* The desk's mark: "by HOSTNAME with ... id" and 32 hexadecimal digits (smtp/envelope.h). */
static bool is_own_received(struct str value, struct str hostname)
{
    struct str rest = value, word, before = STR_NONE;
    bool by = false, id = false;
    while (str_cut(&rest, ' ', &word)) {
        struct str w = str_trim(word);
        by = by || (str_eq_nocase(before, STR("by")) && str_eq_nocase(w, hostname));
        while (w.n > 0 && w.p[w.n - 1] == ';')
            w.n--;
        if (by && str_eq_nocase(before, STR("id")) && w.n == 2 * 16) {
            id = true;
            for (size_t i = 0; i < w.n; i++)
                id = id && (ascii_is_digit(w.p[i]) || (w.p[i] >= 'a' && w.p[i] <= 'f'));
        }
        if (w.n > 0)
            before = w;
    }
    return id;
}

static int64_t own_received(const struct header *h, struct str hostname)
{
    int64_t n = 0;
    AUTO(buf) struct buf line = BUF_INIT(HEADER_FIELD_MAX + 1);
    for (size_t i = 0; hostname.n > 0 && i < h->n; i++) {
        if (!str_eq_nocase(h->f[i].name, STR("received")))
            continue;
        buf_reset(&line);
        for (size_t k = 0; k < h->f[i].value.n; k++)
            buf_addc(&line, ascii_is_space(h->f[i].value.p[k]) ? ' ' : h->f[i].value.p[k]);
        n += is_own_received(buf_str(&line), hostname);
    }
    return n;
}

/* --- reports and forwarded mail --- */

/* First body of that type in the mail's own parts, or (inner) in those of attached messages. */
static struct str body_of(struct walk *k, struct str mime, struct str other, bool inner)
{
    for (size_t i = 0; i < k->tree.n; i++) {
        struct entity *x = k->node[i].x;
        if ((k->node[i].owner != 0) != inner || !(str_eq(x->mime, mime) || str_eq(x->mime, other)))
            continue;
        AUTO(buf) struct buf b = BUF_INIT(DSN_TEXT_MAX);
        bool cut;
        decode_to_buf(part_cte(x), x->body, &b, &cut);
        return arena_str(k->scratch, buf_str(&b));
    }
    return STR_NONE;
}

static enum rc report(struct walk *k, const struct header *h, struct err *e)
{
    struct str texts[DSN_TEXTS_MAX];
    struct dsn_input in = {.n_texts = 0};
    in.content_type = header_get(h, "content-type");
    in.from = header_get(h, "from");
    in.subject = k->m->subject;
    in.fields = h->f;
    in.n_fields = h->n;
    for (size_t i = 0; i < k->tree.n && in.n_texts < DSN_TEXTS_MAX; i++)
        if (k->node[i].owner == 0 && k->node[i].use == USE_TEXT)
            texts[in.n_texts++] = k->node[i].text_piece;
    in.texts = texts;
    struct str dsn = STR("message/delivery-status"), dsn8 = STR("message/global-delivery-status");
    in.delivery_status = body_of(k, dsn, dsn8, false);
    in.inner_status = body_of(k, dsn, dsn8, true);
    in.disposition = body_of(k, STR("message/disposition-notification"),
                             STR("message/global-disposition-notification"), false);
    in.feedback = body_of(k, STR("message/feedback-report"), STR_NONE, false);
    in.returned = body_of(k, STR("message/rfc822"), STR("text/rfc822-headers"), false);
    return dsn_read(k->a, &in, &k->m->report, e);
}

static void forward(struct walk *k, const struct node *n)
{
    const struct entity *x = n->x, *root = x->first;
    const struct header *h = &root->h;
    struct mail_forwarded *f = &k->m->forwarded.p[k->m->forwarded.n++];
    size_t total;
    enum mail_text_source source;
    f->part = x->number;
    f->depth = 1;
    for (const struct entity *p = x->parent; p; p = p->parent)
        f->depth += p->message;
    f->from = first_addr(k, h, "from", &total);
    f->subject = header_text(k->a, header_get(h, "subject"), MAIL_SUBJECT_MAX, k->w);
    f->has_date = header_date(k->a, header_get(h, "date"), &f->date_us, k->w);
    f->message_id = plain_id(k->a, header_get(h, "message-id"), k->w);
    f->returned = x->parent && str_eq(x->parent->mime, STR("multipart/report"));
    AUTO(buf) struct buf text = BUF_INIT(k->forwarded_left);
    f->truncated = read_message(k, root->number, &text, &source);
    f->text = arena_str(k->a, buf_str(&text));
    k->forwarded_left -= text.n;
}

static void forwarded(struct walk *k)
{
    k->m->forwarded.p = arena_array(k->a, MAIL_FORWARDED_MAX, sizeof(struct mail_forwarded));
    for (size_t i = 0; k->m->forwarded.p && i < k->tree.n; i++) {
        if (!k->node[i].x->message)
            continue;
        if (k->m->forwarded.n == MAIL_FORWARDED_MAX) {
            warn(k->w, MAIL_WARN_LIST_CUT);
            break;
        }
        forward(k, &k->node[i]);
    }
}

/* --- a patch --- */

/* The bytes of the only attachment when it is called a patch; else nothing. */
static struct str attached_patch(struct walk *k)
{
    static const char *const types[] = {"text/x-patch", "text/x-diff", "application/x-patch",
                                        "application/x-diff"};
    if (k->m->attachments.n != 1 || k->m->attachments.p[0].size > (int64_t)PATCH_MAX)
        return STR_NONE;
    const struct mail_attachment *at = &k->m->attachments.p[0];
    bool called = str_ends(at->name, STR(".patch")) || str_ends(at->name, STR(".diff"));
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        called = called || str_eq(at->type, str_c(types[i]));
    if (!called || at->damaged)
        return STR_NONE;
    const struct entity *x = k->tree.all[at->part];
    AUTO(buf) struct buf raw = BUF_INIT(PATCH_MAX + 1);
    AUTO(buf) struct buf clean = BUF_INIT(PATCH_MAX);
    bool cut;
    decode_to_buf(part_cte(x), x->body, &raw, &cut);
    utf8_clean(&clean, buf_str(&raw));
    return cut || clean.over ? STR_NONE : arena_str(k->scratch, buf_str(&clean));
}

/* --- whole --- */

static uint32_t count(size_t n)
{
    return n > MAIL_COUNT_MAX ? MAIL_COUNT_MAX : (uint32_t)n;
}

static void raw_facts(struct walk *k, struct str raw)
{
    unsigned char sum[SHA256_LEN];
    size_t nul = 0, cr = 0, lf = 0, crlf = 0;
    char before = '\0';
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        nul += c == '\0';
        cr += c == '\r';
        lf += c == '\n';
        crlf += c == '\n' && before == '\r';
        before = c;
    }
    k->w.n[MAIL_WARN_NUL] = count(nul);
    k->w.n[MAIL_WARN_BARE_CR] = count(cr - crlf);
    k->w.n[MAIL_WARN_BARE_LF] = crlf > 0 ? count(lf - crlf) : 0;
    k->m->size = (int64_t)raw.n;
    sha256(raw, sum);
    hex_put(k->m->sha256, sum, SHA256_LEN);
    k->m->sha256[SHA256_HEX - 1] = '\0';
}

static enum rc build_nodes(struct walk *k, struct str raw, struct err *e)
{
    TRY(entity_tree(k->scratch, raw, k->w, &k->tree, e));
    k->node = arena_array(k->scratch, k->tree.n, sizeof *k->node);
    TRY(arena_ok(k->scratch, "the parts of a mail", e));
    for (size_t i = 0; i < k->tree.n; i++)
        k->node[i].x = k->tree.all[i];
    k->m->parts = (int64_t)k->tree.n;
    pass_up(k);
    pass_down(k);
    return RC_OK;
}

static void read_root(struct walk *k)
{
    AUTO(buf) struct buf text = BUF_INIT(MAIL_TEXT_MAX);
    k->m->truncated = read_message(k, 0, &text, &k->m->text_source);
    k->m->text = arena_str(k->a, buf_str(&text));
}

void parse_opts_init(struct parse_opts *o)
{
    memset(o, 0, sizeof *o);
    o->border.authserv_id = STR_NONE;
    o->border.received = AUTHRES_RECEIVED_DEFAULT;
    o->border.below_border = true;
}

enum rc parse_mail(struct arena *a, struct str raw, const struct parse_opts *o, struct mail *ret_m,
                   struct err *e)
{
    if (raw.n > MAIL_RAW_MAX)
        return err_set(e, RC_LIMIT, "a mail is larger than %zu bytes", MAIL_RAW_MAX);
    AUTO(arena) struct arena *scratch = arena_new(PARSE_TREE_MAX);
    struct mail *m = arena_alloc(a, sizeof *m);
    TRY(arena_ok(a, "a mail", e));
    struct walk k = {a, scratch, {m->warnings}, {NULL, 0}, NULL, m, MAIL_TEXT_MAX};
    raw_facts(&k, raw);
    TRY(build_nodes(&k, raw, e));
    const struct header *h = &k.tree.all[0]->h;
    header_fields(&k, h);
    TRY(autoreply_scan(a, h->f, h->n, o->envelope_from, &m->automatic, e));
    m->automatic.spam = m->automatic.spam || has_field(h, o->spam, o->n_spam);
    m->no_report = has_field(h, o->no_report, o->n_no_report);
    m->own_received = own_received(h, o->hostname);
    TRY(authentication(&k, h, o, e));
    read_root(&k);
    crypto(&k);
    attachments(&k);
    TRY(report(&k, h, e));
    forwarded(&k);
    parse_patch(a, attached_patch(&k), m);
    TRY(arena_ok(scratch, "the parts of a mail", e));
    TRY(arena_ok(a, "a mail record", e));
    *ret_m = *m;
    return RC_OK;
}

enum rc parse_part(struct str raw, int64_t number, bool (*sink)(void *ctx, struct str piece),
                   void *ctx, struct err *e)
{
    uint32_t counts[MAIL_WARN_COUNT] = {0};
    if (raw.n > MAIL_RAW_MAX)
        return err_set(e, RC_LIMIT, "a mail is larger than %zu bytes", MAIL_RAW_MAX);
    AUTO(arena) struct arena *scratch = arena_new(PARSE_TREE_MAX);
    struct tree t;
    TRY(entity_tree(scratch, raw, (struct warnings){counts}, &t, e));
    if (number < 0 || (size_t)number >= t.n)
        return err_set(e, RC_NOTFOUND, "the mail has no part %lld", (long long)number);
    const struct entity *x = t.all[number];
    decode_body(part_cte(x), x->body, sink, ctx);
    return RC_OK;
}
