/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed receipt of a report: writing and checking.
 * Runs in core (writing) and on the reporter's machine (`vulndesk receipt verify`).
 * Input: when checking, a hostile text; every line is bounded and nothing is believed before the
 * signature holds.
 */
#include "desk/receipt.h"

#include <sodium.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "base/when.h"

#define BEGIN_MARK "-----BEGIN VULNDESK RECEIPT-----"
#define END_MARK   "-----END VULNDESK RECEIPT-----"
#define WORD_MAX   100 /* of desk, case and key */

static bool word_ok(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != ':')
            return false;
    return s.n > 0 && s.n <= WORD_MAX;
}

static void add_hex(struct buf *b, const unsigned char *p, size_t n)
{
    hex_add(b, str_of(p, n));
}

enum rc receipt_text(struct buf *b, const struct receipt *r, struct err *e)
{
    if (!word_ok(r->desk) || !word_ok(r->number) || !word_ok(r->key_id))
        return err_set(e, RC_INVALID, "receipt: desk, case or key is not a plain word");
    if (r->n_files > RECEIPT_ATTACHMENTS || r->files < (int64_t)r->n_files)
        return err_set(e, RC_INVALID, "receipt: wrong number of attachments");
    buf_addf(b, "version: 1\ndesk: %.*s\ncase: %.*s\nreceived: ", STR_ARG(r->desk),
             STR_ARG(r->number));
    when_rfc3339(b, r->received_us);
    buf_adds(b, "\nmessage-id: ");
    if (r->has_mid)
        add_hex(b, r->mid, sizeof(r->mid));
    else
        buf_adds(b, "none");
    buf_adds(b, "\ntext: ");
    add_hex(b, r->text, sizeof(r->text));
    buf_addf(b, "\nattachments: %lld\n", (long long)r->files);
    for (size_t i = 0; i < r->n_files; i++) {
        buf_adds(b, "attachment: ");
        add_hex(b, r->files_list[i].sha256, sizeof(r->files_list[i].sha256));
        buf_addf(b, " %lld\n", (long long)r->files_list[i].size);
    }
    buf_adds(b, "checkpoint: ");
    if (r->log_size > 0) {
        buf_addf(b, "%lld ", (long long)r->log_size);
        add_hex(b, r->log_root, sizeof(r->log_root));
    } else {
        buf_adds(b, "none");
    }
    buf_addf(b, "\nkey: %.*s\n", STR_ARG(r->key_id));
    return buf_ok(b, "receipt", e);
}

enum rc receipt_wrap(struct buf *b, struct str text, struct str sig, struct err *e)
{
    if (sig.n != RECEIPT_SIG_LEN)
        return err_set(e, RC_INTERNAL, "receipt: the signature has a wrong length");
    buf_adds(b, BEGIN_MARK "\n");
    buf_add(b, text);
    buf_adds(b, "signature: ");
    base64_add(b, sig);
    buf_adds(b, "\n" END_MARK "\n");
    return buf_ok(b, "receipt", e);
}

/* Without quoting marks and spaces at both ends. */
static struct str bare(struct str line)
{
    for (;;) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] != '>')
            return line;
        line = str_sub(line, 1, line.n);
    }
}

/* The lines between the markers, cleaned, joined again: the signed text, and the signature. */
static enum rc collect(struct str text, struct buf *lines, struct buf *sig, struct err *e)
{
    if (text.n > RECEIPT_MAX)
        return err_set(e, RC_LIMIT, "the file is larger than %d bytes", RECEIPT_MAX);
    struct str rest = text, line;
    bool inside = false;
    while (str_line(&rest, &line)) {
        line = bare(line);
        if (!inside) {
            inside = str_eq(line, STR(BEGIN_MARK));
            continue;
        }
        if (sig->n > 0) {
            if (str_eq(line, STR(END_MARK)))
                return RC_OK;
            return err_set(e, RC_INVALID, "receipt: no end after the signature");
        }
        if (line.n == 0 || line.n > RECEIPT_LINE_MAX || !utf8_is_clean(line))
            return err_set(e, RC_INVALID, "receipt: an empty, overlong or unreadable line");
        if (str_starts(line, STR("signature: "))) {
            TRY(base64_get(sig, str_sub(line, 11, line.n), "signature of the receipt", e));
            if (sig->n != RECEIPT_SIG_LEN)
                return err_set(e, RC_INVALID, "receipt: the signature has a wrong length");
            continue;
        }
        buf_add(lines, line);
        buf_addc(lines, '\n');
        TRY(buf_ok(lines, "receipt", e));
    }
    return err_set(e, RC_INVALID, inside ? "receipt: it has no end" : "no receipt in this file");
}

/* The value of the next line, which must be called name. */
static enum rc take(struct str *rest, const char *name, struct str *ret_value, struct err *e)
{
    struct str line = STR_NONE, n = str_c(name);
    if (!str_line(rest, &line) || !str_starts(line, n) || line.n < n.n + 3 ||
        !str_starts(str_sub(line, n.n, 2), STR(": ")))
        return err_set(e, RC_INVALID, "receipt: line \"%s\" is missing or out of place", name);
    *ret_value = str_sub(line, n.n + 2, line.n);
    return RC_OK;
}

static enum rc take_word(struct str *rest, const char *name, struct str *ret, struct err *e)
{
    TRY(take(rest, name, ret, e));
    return word_ok(*ret) ? RC_OK : err_set(e, RC_INVALID, "receipt: \"%s\" is unusable", name);
}

static enum rc read_files(struct str *rest, struct receipt *r, struct err *e)
{
    struct str s;
    uint64_t n, size;
    TRY(take(rest, "attachments", &s, e));
    TRY(num_parse(s, 0, 1000000, "number of attachments", &n, e));
    r->files = (int64_t)n;
    size_t listed = n < RECEIPT_ATTACHMENTS ? n : RECEIPT_ATTACHMENTS;
    for (; r->n_files < listed; r->n_files++) {
        struct receipt_file *f = &r->files_list[r->n_files];
        TRY(take(rest, "attachment", &s, e));
        struct str hex = STR_NONE;
        (void)str_cut(&s, ' ', &hex);
        TRY(hex_get(hex, f->sha256, sizeof(f->sha256), "hash of an attachment", e));
        TRY(num_parse(s, 0, INT64_MAX, "size of an attachment", &size, e));
        f->size = (int64_t)size;
    }
    return RC_OK;
}

static enum rc read_log(struct str *rest, struct receipt *r, struct err *e)
{
    struct str s, size_s = STR_NONE;
    uint64_t size;
    TRY(take(rest, "checkpoint", &s, e));
    if (str_eq(s, STR("none")))
        return RC_OK;
    (void)str_cut(&s, ' ', &size_s);
    TRY(num_parse(size_s, 1, INT64_MAX, "size of the checkpoint", &size, e));
    r->log_size = (int64_t)size;
    return hex_get(s, r->log_root, sizeof(r->log_root), "root of the checkpoint", e);
}

static enum rc read_lines(struct str rest, struct receipt *r, struct err *e)
{
    struct str s;
    TRY(take(&rest, "version", &s, e));
    if (!str_eq(s, STR("1")))
        return err_set(e, RC_INVALID, "receipt: a version that this program does not know");
    TRY(take_word(&rest, "desk", &r->desk, e));
    TRY(take_word(&rest, "case", &r->number, e));
    TRY(take(&rest, "received", &s, e));
    TRY(when_parse_rfc3339(s, &r->received_us, e));
    TRY(take(&rest, "message-id", &s, e));
    r->has_mid = !str_eq(s, STR("none"));
    if (r->has_mid)
        TRY(hex_get(s, r->mid, sizeof(r->mid), "message-id", e));
    TRY(take(&rest, "text", &s, e));
    TRY(hex_get(s, r->text, sizeof(r->text), "text", e));
    TRY(read_files(&rest, r, e));
    TRY(read_log(&rest, r, e));
    TRY(take_word(&rest, "key", &r->key_id, e));
    return rest.n == 0 ? RC_OK : err_set(e, RC_INVALID, "receipt: lines after \"key\"");
}

enum rc receipt_verify(struct str text, const unsigned char key[RECEIPT_KEY_LEN], struct buf *lines,
                       struct receipt *ret, struct err *e)
{
    AUTO(buf) struct buf sig = BUF_INIT(RECEIPT_LINE_MAX);
    struct receipt r = {.desk = STR_NONE, .number = STR_NONE, .key_id = STR_NONE};
    buf_reset(lines);
    TRY(collect(text, lines, &sig, e));
    TRY(read_lines(buf_str(lines), &r, e));
    if (crypto_sign_verify_detached((const unsigned char *)sig.p,
                                    (const unsigned char *)buf_c(lines), lines->n, key) != 0)
        return err_set(e, RC_DENIED,
                       "the receipt was not signed by this key, or was changed afterwards");
    *ret = r;
    return RC_OK;
}

void receipt_explain(const struct receipt *r, struct buf *b)
{
    buf_addf(b, "Good: the desk %.*s signed (key %.*s) that it received a report as case %.*s at ",
             STR_ARG(r->desk), STR_ARG(r->key_id), STR_ARG(r->number));
    when_rfc3339(b, r->received_us);
    buf_adds(b, ".\n");
    if (r->has_mid) {
        buf_adds(b, "SHA-256 of its Message-ID (without <>): ");
        add_hex(b, r->mid, sizeof(r->mid));
        buf_addc(b, '\n');
    } else {
        buf_adds(b, "It came without a Message-ID.\n");
    }
    buf_adds(b, "SHA-256 of its decoded text: ");
    add_hex(b, r->text, sizeof(r->text));
    buf_addf(b, "\nAttachments: %lld\n", (long long)r->files);
    for (size_t i = 0; i < r->n_files; i++) {
        buf_adds(b, "  ");
        add_hex(b, r->files_list[i].sha256, sizeof(r->files_list[i].sha256));
        buf_addf(b, " (%lld bytes)\n", (long long)r->files_list[i].size);
    }
    if (r->log_size > 0) {
        buf_addf(b, "The desk's log of changes had %lld entries and the root ",
                 (long long)r->log_size);
        add_hex(b, r->log_root, sizeof(r->log_root));
        buf_adds(b, ".\n");
    }
}
