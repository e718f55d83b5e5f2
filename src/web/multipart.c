/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms with files.  The parser runs in httpd on a stranger's bytes; the reader of typed parts runs
 * in core on what httpd says.
 */
#include "web/multipart.h"

#include "base/utf8.h"

#define HEAD_NUMBERS 4
#define PART_NUMBERS 5

static enum rc bad(struct err *e, const char *why)
{
    return err_set(e, RC_INVALID, "The form with files is not as a browser sends it: %s.", why);
}

/* ---- parameters: ; name=value or name="value" ---- */

struct param {
    struct str name, value;
};

/*
 * Cuts one parameter from the front.  Inside quotes everything stands for itself: browsers write
 * %22 for a quote, and a backslash would be read in two ways.
 */
static enum rc param_cut(struct str *rest, struct param *ret, struct err *e)
{
    struct str s = str_trim(*rest);
    if (s.n == 0 || s.p[0] != ';')
        return bad(e, "something stands between its parameters");
    s = str_trim(str_sub(s, 1, s.n));
    size_t eq = str_chr(s, '=');
    if (eq == STR_NPOS || !http_is_token(str_sub(s, 0, eq)))
        return bad(e, "a parameter has no name");
    ret->name = str_sub(s, 0, eq);
    s = str_sub(s, eq + 1, s.n);
    if (s.n > 0 && s.p[0] == '"') {
        struct str inner = str_sub(s, 1, s.n);
        size_t end = str_chr(inner, '"');
        if (end == STR_NPOS)
            return bad(e, "a quote is not closed");
        ret->value = str_sub(inner, 0, end);
        *rest = str_sub(inner, end + 1, inner.n);
        return RC_OK;
    }
    size_t end = str_chr(s, ';');
    struct str value = str_trim(str_sub(s, 0, end == STR_NPOS ? s.n : end));
    if (!http_is_token(value))
        return bad(e, "a parameter's value is not a word");
    ret->value = value;
    *rest = end == STR_NPOS ? STR_NONE : str_sub(s, end, s.n);
    return RC_OK;
}

/* RFC 2046 5.1.1: bchars, not ending with a space. */
static bool boundary_ok(struct str b)
{
    static const struct str marks = {"'()+_,-./:=? ", 13};
    for (size_t i = 0; i < b.n; i++)
        if (!ascii_is_alnum(b.p[i]) && str_chr(marks, b.p[i]) == STR_NPOS)
            return false;
    return b.n > 0 && b.n <= MULTIPART_BOUNDARY_MAX && b.p[b.n - 1] != ' ';
}

enum rc multipart_boundary(struct str content_type, struct str *ret_boundary, struct err *e)
{
    size_t semi = str_chr(content_type, ';');
    struct str type = str_trim(str_sub(content_type, 0, semi == STR_NPOS ? content_type.n : semi));
    struct str rest = semi == STR_NPOS ? STR_NONE : str_sub(content_type, semi, content_type.n);
    struct str boundary = STR_NONE;
    unsigned n = 0;
    if (!str_eq_nocase(type, STR("multipart/form-data")))
        return err_set(e, RC_NOTFOUND, "not a form with files");
    while (str_trim(rest).n > 0) {
        struct param p;
        TRY(param_cut(&rest, &p, e));
        if (str_eq_nocase(p.name, STR("boundary"))) {
            boundary = p.value;
            n++;
        }
    }
    if (n != 1 || !boundary_ok(boundary))
        return bad(e, "it has not one good boundary");
    *ret_boundary = boundary;
    return RC_OK;
}

/* ---- one part ---- */

/* What is borrowed from a head may hold bytes of a name in any character set, but no controls. */
static bool no_controls(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

static enum rc disposition(struct str value, struct multipart_part *p, struct err *e)
{
    size_t semi = str_chr(value, ';');
    struct str kind = str_trim(str_sub(value, 0, semi == STR_NPOS ? value.n : semi));
    struct str rest = semi == STR_NPOS ? STR_NONE : str_sub(value, semi, value.n);
    unsigned names = 0, files = 0;
    if (!str_eq_nocase(kind, STR("form-data")))
        return bad(e, "a part is not form-data");
    while (str_trim(rest).n > 0) {
        struct param one;
        TRY(param_cut(&rest, &one, e));
        if (str_eq_nocase(one.name, STR("name"))) {
            p->name = one.value;
            names++;
        } else if (str_eq_nocase(one.name, STR("filename"))) {
            p->file_name = one.value;
            files++;
        } else {
            return bad(e, "a part has a parameter that is not name or filename");
        }
    }
    if (names != 1 || files > 1 || p->name.n == 0)
        return bad(e, "a part has not one name");
    if (p->name.n > HTTP_FORM_NAME_MAX)
        return err_set(e, RC_LIMIT, "A name in the form is longer than %d bytes.",
                       HTTP_FORM_NAME_MAX);
    if (p->file_name.n > HTTP_FILE_NAME_MAX)
        return err_set(e, RC_LIMIT, "The name of a file is longer than %d bytes.",
                       HTTP_FILE_NAME_MAX);
    p->is_file = files == 1;
    return RC_OK;
}

static enum rc head_field(struct str line, struct multipart_part *p, unsigned *dispositions,
                          unsigned *types, struct err *e)
{
    size_t colon = str_chr(line, ':');
    if (colon == STR_NPOS || !http_is_token(str_sub(line, 0, colon)) || !no_controls(line))
        return bad(e, "a part's field has no name");
    struct str name = str_sub(line, 0, colon);
    struct str value = str_trim(str_sub(line, colon + 1, line.n));
    if (str_eq_nocase(name, STR("content-disposition"))) {
        ++*dispositions;
        return disposition(value, p, e);
    }
    if (str_eq_nocase(name, STR("content-type"))) {
        ++*types;
        size_t semi = str_chr(value, ';');
        p->type = str_trim(str_sub(value, 0, semi == STR_NPOS ? value.n : semi));
        if (p->type.n > HTTP_TYPE_MAX)
            return err_set(e, RC_LIMIT, "The type of a file is too long.");
        return RC_OK;
    }
    if (str_eq_nocase(name, STR("content-transfer-encoding")))
        return bad(e, "a part is encoded once more");
    return RC_OK;
}

/* The fields of a part: lines that end in CRLF, then an empty one, which is not in head. */
static enum rc part_head(struct str head, struct multipart_part *p, struct err *e)
{
    unsigned dispositions = 0, types = 0, n = 0;
    *p = (struct multipart_part){
        .name = STR_NONE, .file_name = STR_NONE, .type = STR_NONE, .bytes = STR_NONE};
    while (head.n > 0) {
        size_t end = str_find(head, STR("\r\n"));
        struct str line = str_sub(head, 0, end == STR_NPOS ? head.n : end);
        head = end == STR_NPOS ? STR_NONE : str_sub(head, end + 2, head.n);
        if (++n > MULTIPART_HEAD_FIELDS)
            return err_set(e, RC_LIMIT, "A part of the form has too many fields.");
        TRY(head_field(line, p, &dispositions, &types, e));
    }
    if (dispositions != 1 || types > 1)
        return bad(e, "a part has not one Content-Disposition");
    return RC_OK;
}

/* ---- the body ---- */

static enum rc keep(struct multipart *m, const struct multipart_part *p, size_t *fields,
                    size_t *files, struct err *e)
{
    if (p->is_file && p->file_name.n == 0 && p->bytes.n == 0)
        return RC_OK;
    if (p->is_file && *files == HTTP_FORM_FILES) {
        m->files_over++;
        return RC_OK;
    }
    if (!p->is_file && *fields == HTTP_FORM_FIELDS)
        return err_set(e, RC_LIMIT, "The form has more than %d fields.", HTTP_FORM_FIELDS);
    if (!p->is_file && p->bytes.n > HTTP_FORM_VALUE_MAX)
        return err_set(e, RC_LIMIT, "A text of the form is longer than %d bytes.",
                       HTTP_FORM_VALUE_MAX);
    *(p->is_file ? files : fields) += 1;
    m->parts[m->n++] = *p;
    return RC_OK;
}

/* What may stand behind a delimiter: CRLF and a part, or "--" and the end. */
static enum rc after_delimiter(struct str *rest, bool *ret_last, struct err *e)
{
    *ret_last = str_starts(*rest, STR("--"));
    if (*ret_last) {
        *rest = str_sub(*rest, 2, rest->n);
        if (rest->n > 0 && !str_eq(*rest, STR("\r\n")))
            return bad(e, "something stands behind its end");
        return RC_OK;
    }
    if (!str_starts(*rest, STR("\r\n")))
        return bad(e, "a boundary stands inside a line");
    *rest = str_sub(*rest, 2, rest->n);
    return RC_OK;
}

/* One part from behind its delimiter to behind the next one; RC_NOTFOUND: it is not complete. */
static enum rc part_cut(struct str *rest, struct str delimiter, struct multipart_part *p,
                        struct err *e)
{
    struct str room = str_sub(*rest, 0, MULTIPART_HEAD_MAX);
    size_t end = str_find(room, STR("\r\n\r\n"));
    if (end == STR_NPOS)
        return room.n < MULTIPART_HEAD_MAX ? err_set(e, RC_NOTFOUND, "the head is not complete")
                                           : err_set(e, RC_LIMIT, "A part's head is too long.");
    TRY(part_head(str_sub(*rest, 0, end), p, e));
    /* The CRLF of the empty line is the delimiter's when the part is empty. */
    struct str body = str_sub(*rest, end + 2, rest->n);
    size_t at = str_find(body, delimiter);
    if (at == STR_NPOS)
        return err_set(e, RC_NOTFOUND, "the part is not complete");
    p->bytes = at < 2 ? STR_NONE : str_sub(body, 2, at - 2);
    *rest = str_sub(body, at + delimiter.n, body.n);
    return RC_OK;
}

enum rc multipart_parse(struct str body, struct str boundary, bool cut, struct multipart *ret_m,
                        struct err *e)
{
    AUTO(buf) struct buf delimiter = BUF_INIT(MULTIPART_BOUNDARY_MAX + 4);
    struct str rest;
    size_t fields = 0, files = 0;
    bool last = false;
    ret_m->n = ret_m->files_over = 0;
    ret_m->cut = cut;
    buf_adds(&delimiter, "\r\n--");
    buf_add(&delimiter, boundary);
    TRY(buf_ok(&delimiter, "the boundary", e));
    struct str first = str_sub(buf_str(&delimiter), 2, delimiter.n);
    if (!str_starts(body, first))
        return bad(e, "it does not begin with its boundary");
    rest = str_sub(body, first.n, body.n);
    TRY(after_delimiter(&rest, &last, e));
    for (size_t parts = 1; !last; parts++) {
        struct multipart_part p;
        if (parts > MULTIPART_PARTS_MAX)
            return err_set(e, RC_LIMIT, "The form has more than %d parts.", MULTIPART_PARTS_MAX);
        enum rc rc = part_cut(&rest, buf_str(&delimiter), &p, e);
        if (rc == RC_NOTFOUND)
            return cut ? RC_OK : bad(e, "it ends before its end");
        TRY(rc);
        TRY(keep(ret_m, &p, &fields, &files, e));
        if (cut && rest.n < 2)
            return RC_OK;
        TRY(after_delimiter(&rest, &last, e));
    }
    return RC_OK;
}

/* ---- typed parts ---- */

static void put_u32(struct buf *b, size_t n)
{
    BUG_ON(n > UINT32_MAX);
    for (int i = 0; i < 4; i++)
        buf_addc(b, (char)(n >> (8 * i) & 0xff));
}

void multipart_write(struct buf *out, const struct multipart *m)
{
    size_t head[HEAD_NUMBERS] = {m->n, m->files_over, m->cut, 0};
    for (size_t i = 0; i < HEAD_NUMBERS; i++)
        put_u32(out, head[i]);
    for (size_t i = 0; i < m->n; i++) {
        const struct multipart_part *p = &m->parts[i];
        size_t one[PART_NUMBERS] = {p->is_file, p->name.n, p->file_name.n, p->type.n, p->bytes.n};
        for (size_t k = 0; k < PART_NUMBERS; k++)
            put_u32(out, one[k]);
        buf_add(out, p->name);
        buf_add(out, p->file_name);
        buf_add(out, p->type);
        buf_add(out, p->bytes);
    }
}

static bool get_u32(struct str *s, uint32_t *ret, size_t n)
{
    if (s->n < 4 * n)
        return false;
    for (size_t k = 0; k < n; k++) {
        ret[k] = 0;
        for (size_t i = 0; i < 4; i++)
            ret[k] |= (uint32_t)(unsigned char)s->p[4 * k + i] << (8 * i);
    }
    *s = str_sub(*s, 4 * n, s->n);
    return true;
}

static enum rc broken(struct err *e)
{
    return err_set(e, RC_INVALID, "the parts of a form are not as httpd writes them");
}

static bool get_bytes(struct str *s, size_t n, struct str *ret)
{
    if (s->n < n)
        return false;
    *ret = str_sub(*s, 0, n);
    *s = str_sub(*s, n, s->n);
    return true;
}

static enum rc get_part(struct str *s, struct multipart_part *p, struct err *e)
{
    uint32_t n[PART_NUMBERS];
    if (!get_u32(s, n, PART_NUMBERS) || n[0] > 1 || n[1] == 0 || n[1] > HTTP_FORM_NAME_MAX ||
        n[2] > HTTP_FILE_NAME_MAX || n[3] > HTTP_TYPE_MAX || (n[0] == 0 && n[2] > 0) ||
        (n[0] == 0 && n[4] > HTTP_FORM_VALUE_MAX))
        return broken(e);
    p->is_file = n[0] == 1;
    if (!get_bytes(s, n[1], &p->name) || !get_bytes(s, n[2], &p->file_name) ||
        !get_bytes(s, n[3], &p->type) || !get_bytes(s, n[4], &p->bytes))
        return broken(e);
    return RC_OK;
}

struct span {
    size_t from, n;
};

static struct span add_clean(struct buf *b, struct str s, bool line)
{
    struct span at = {b->n, 0};
    if (line)
        utf8_clean_line(b, s);
    else
        utf8_clean(b, s);
    at.n = b->n - at.from;
    return at;
}

static struct str text_of(const struct buf *b, struct span at)
{
    return str_sub(buf_str(b), at.from, at.n);
}

/* Without folders, of either kind of machine; %22, %0D and %0A stay as browsers wrote them. */
static struct str base_name(struct str s)
{
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == '/' || s.p[i] == '\\')
            return str_sub(s, i + 1, s.n);
    return s;
}

/* type/subtype, both words; anything else says nothing. */
static struct str type_of(struct str s)
{
    size_t slash = str_chr(s, '/');
    bool ok = slash != STR_NPOS && http_is_token(str_sub(s, 0, slash)) &&
              http_is_token(str_sub(s, slash + 1, s.n));
    return ok ? s : STR_NONE;
}

enum rc multipart_read(struct str s, struct http_form *ret_f, struct err *e)
{
    uint32_t head[HEAD_NUMBERS];
    struct multipart_part parts[HTTP_FORM_FIELDS + HTTP_FORM_FILES];
    struct span at[ARRAY_LEN(parts)][2];
    size_t room = 1, fields = 0, files = 0;
    if (!get_u32(&s, head, HEAD_NUMBERS) || head[0] > ARRAY_LEN(parts) || head[2] > 1 ||
        head[3] != 0)
        return broken(e);
    for (size_t i = 0; i < head[0]; i++) {
        TRY(get_part(&s, &parts[i], e));
        *(parts[i].is_file ? &files : &fields) += 1;
        room +=
            3 * (parts[i].name.n + (parts[i].is_file ? parts[i].file_name.n : parts[i].bytes.n));
    }
    if (s.n > 0 || fields > HTTP_FORM_FIELDS || files > HTTP_FORM_FILES)
        return broken(e);
    /* Invalid bytes grow to three when they are cleaned. */
    AUTO(buf) struct buf text = BUF_INIT(room);
    for (size_t i = 0; i < head[0]; i++) {
        const struct multipart_part *p = &parts[i];
        at[i][0] = add_clean(&text, p->name, true);
        at[i][1] = add_clean(&text, p->is_file ? p->file_name : p->bytes, p->is_file);
    }
    TRY(buf_ok(&text, "the form", e));
    /* Only now does the text stay where it is. */
    ret_f->n_fields = ret_f->n_files = 0;
    ret_f->files_over = head[1];
    ret_f->cut = head[2] == 1;
    for (size_t i = 0; i < head[0]; i++) {
        struct str name = text_of(&text, at[i][0]), value = text_of(&text, at[i][1]);
        if (parts[i].is_file)
            ret_f->files[ret_f->n_files++] = (struct http_file){
                name, str_trim(base_name(value)), type_of(parts[i].type), parts[i].bytes};
        else
            ret_f->fields[ret_f->n_fields++] = (struct http_field){name, value};
    }
    ret_f->text = text;
    buf_init(&text, 0);
    return RC_OK;
}
