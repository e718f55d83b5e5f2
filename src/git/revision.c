/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that people give to commits.  Runs in the engine child and in commands; the repository is a
 * stranger's.
 */
#include "git/revision.h"

#include <string.h>

#include "base/utf8.h"

#define COMMIT_MAX (16u << 20)

/* The commit that a name of git stands for. */
static enum rc look_up(struct objects *o, const char *prefix, struct str name,
                       char ret_hex[GIT_OID_HEX + 1], struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(OBJECT_NAME_MAX);
    struct object found;
    struct err other = ERR_INIT;
    buf_addf(&b, "%s%.*s^{commit}", prefix, STR_ARG(name));
    enum rc rc = objects_info(o, buf_str(&b), &found, e);
    /* Of a short id that fits several commits git says here that it is missing. */
    if (rc == RC_NOTFOUND && prefix[0] == '\0' &&
        objects_info(o, name, &found, &other) == RC_CONFLICT)
        return RC_CONFLICT;
    TRY(rc);
    memcpy(ret_hex, found.oid, sizeof found.oid);
    return RC_OK;
}

/* What the name may be. */
static enum rc any_of(struct objects *o, struct str text, char ret_hex[GIT_OID_HEX + 1],
                      struct err *e)
{
    static const char *const prefixes[] = {"", "refs/tags/", "refs/heads/", "refs/remotes/",
                                           "refs/remotes/origin/"};
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        char hex[GIT_OID_HEX + 1];
        enum rc rc = look_up(o, prefixes[i], text, hex, e);
        if (rc == RC_NOTFOUND || rc == RC_INVALID)
            continue;
        if (rc == RC_CONFLICT)
            return err_set(e, RC_CONFLICT, "revision %.*s is ambiguous: several commits begin so",
                           STR_ARG(text));
        TRY(rc);
        if (found && strcmp(hex, ret_hex) != 0 && i < 3)
            return err_set(e, RC_CONFLICT,
                           "revision %.*s is ambiguous: it names different commits; say "
                           "refs/tags/%.*s or refs/heads/%.*s, or the full id",
                           STR_ARG(text), STR_ARG(text), STR_ARG(text));
        if (!found)
            memcpy(ret_hex, hex, sizeof hex);
        found = true;
    }
    return found ? RC_OK : RC_NOTFOUND;
}

enum rc git_revision(struct objects *o, struct str text, char ret_hex[GIT_OID_HEX + 1],
                     struct err *e)
{
    struct object found;
    struct err none = ERR_INIT;
    if (!git_ref_ok(text) || !utf8_is_clean(text)) {
        AUTO(buf) struct buf clean = BUF_INIT(4 * REVISION_SHOWN);
        utf8_clean_line(&clean, str_sub(text, 0, REVISION_SHOWN));
        return err_set(e, RC_INVALID,
                       "\"%s\" is no name of a revision: give an id, a tag or a branch",
                       buf_c(&clean));
    }
    enum rc rc = git_oid_ok(text) ? look_up(o, "", text, ret_hex, e) : any_of(o, text, ret_hex, e);
    if (rc != RC_NOTFOUND && rc != RC_INVALID)
        return rc;
    if (objects_info(o, text, &found, &none) == RC_OK)
        return err_set(e, RC_INVALID, "revision %.*s is no commit", STR_ARG(text));
    return err_set(e, RC_NOTFOUND, "revision %.*s is not in this repository", STR_ARG(text));
}

enum rc git_revision_up(struct objects *o, struct str text, char ret_hex[GIT_OID_HEX + 1],
                        struct err *e)
{
    size_t up = 0;
    char hex[GIT_OID_HEX + 1];
    for (; text.n > 1 && text.p[text.n - 1] == '^'; text.n--)
        up++;
    if (up > REVISION_UP_MAX)
        return err_set(e, RC_LIMIT, "more than %d steps up", REVISION_UP_MAX);
    TRY(git_revision(o, text, hex, e));
    for (; up > 0; up--) {
        struct object commit;
        struct str parent;
        TRY(objects_read(o, str_c(hex), COMMIT_MAX, &commit, e));
        if (!object_header(commit.body, "parent", 0, &parent) || parent.n > GIT_OID_HEX)
            return err_set(e, RC_NOTFOUND, "%.12s has no parent", hex);
        memcpy(hex, parent.p, parent.n);
        hex[parent.n] = '\0';
    }
    memcpy(ret_hex, hex, sizeof hex);
    return RC_OK;
}
