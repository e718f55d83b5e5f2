/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects and branches of a repository of ours.  Runs in the engine child; texts and names may be a
 * stranger's and cannot end a header line.
 */
#include "git/write.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/when.h"
#include "os/file.h"

enum rc git_make(const char *dir, struct err *e)
{
    AUTO(fd) int fd = -1;
    TRY(dir_make(AT_FDCWD, dir, 0700, e));
    TRY(dir_open(AT_FDCWD, dir, &fd, e));
    TRY(dir_make(fd, "objects", 0700, e));
    TRY(dir_make(fd, "refs/heads", 0700, e));
    if (faccessat(fd, "config", F_OK, 0) != 0)
        TRY(file_write_sync(fd, "config",
                            STR("[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n"
                                "\tbare = true\n"),
                            0600, e));
    if (faccessat(fd, "HEAD", F_OK, 0) != 0)
        TRY(file_write_sync(fd, "HEAD", STR("ref: refs/heads/" GIT_OWN_BRANCH "\n"), 0600, e));
    return RC_OK;
}

/* git's answer of one line: an object's id. */
static enum rc take_oid(const struct buf *out, char ret_oid[GIT_OID_SIZE], struct err *e)
{
    struct str oid = str_trim(buf_str(out));
    if (!git_oid_ok(oid))
        return err_set(e, RC_IO, "git gave no id of an object");
    return str_copy(ret_oid, GIT_OID_SIZE, oid, "id of an object", e);
}

enum rc git_blob_add(struct git *g, struct str bytes, char ret_oid[GIT_OID_SIZE], struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(200);
    const char *const args[] = {"hash-object", "-w", "--no-filters", "--stdin", NULL};
    TRY(git_run(g, args, bytes, &out, e));
    return take_oid(&out, ret_oid, e);
}

static enum rc tree_add(struct git *g, struct str file, const char *blob,
                        char ret_oid[GIT_OID_SIZE], struct err *e)
{
    AUTO(buf) struct buf in = BUF_INIT(GIT_PATH_MAX);
    AUTO(buf) struct buf out = BUF_INIT(200);
    if (!git_path_ok(file) || str_chr(file, '/') != STR_NPOS)
        return err_set(e, RC_INVALID, "that is no name of a file");
    buf_addf(&in, "100644 blob %s\t%.*s", blob, STR_ARG(file));
    buf_addc(&in, '\0');
    TRY(buf_ok(&in, "the entry of a tree", e));
    const char *const args[] = {"mktree", "-z", NULL};
    TRY(git_run(g, args, buf_str(&in), &out, e));
    return take_oid(&out, ret_oid, e);
}

static void add_clean(struct buf *b, struct str s)
{
    size_t before = b->n;
    s = str_trim(utf8_clip(s, GIT_PERSON_MAX));
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '<' && s.p[i] != '>' && (unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f)
            buf_addc(b, s.p[i]);
    if (b->n == before)
        buf_adds(b, "unknown");
}

static void add_person(struct buf *b, const char *role, const struct git_person *p)
{
    buf_addf(b, "%s ", role);
    add_clean(b, p->name);
    buf_adds(b, " <");
    add_clean(b, p->email);
    buf_addf(b, "> %lld +0000\n", (long long)(p->at_us / US_PER_S));
}

enum rc git_commit_add(struct git *g, const struct git_commit *c, char ret_oid[GIT_OID_SIZE],
                       struct err *e)
{
    AUTO(buf) struct buf in = BUF_INIT(GIT_MESSAGE_MAX + 8192);
    AUTO(buf) struct buf out = BUF_INIT(200);
    char blob[GIT_OID_SIZE], tree[GIT_OID_SIZE];
    if (c->parent.n > 0 && !git_oid_ok(c->parent))
        return err_set(e, RC_INVALID, "the parent is no id of a commit");
    TRY(git_blob_add(g, c->text, blob, e));
    TRY(tree_add(g, c->file, blob, tree, e));
    buf_addf(&in, "tree %s\n", tree);
    if (c->parent.n > 0)
        buf_addf(&in, "parent %.*s\n", STR_ARG(c->parent));
    add_person(&in, "author", &c->author);
    add_person(&in, "committer", &c->committer);
    buf_addc(&in, '\n');
    buf_add(&in, c->message);
    if (c->message.n == 0 || c->message.p[c->message.n - 1] != '\n')
        buf_addc(&in, '\n');
    TRY(buf_ok(&in, "a commit", e));
    const char *const args[] = {"hash-object", "-t", "commit", "-w", "--stdin", NULL};
    TRY(git_run(g, args, buf_str(&in), &out, e));
    return take_oid(&out, ret_oid, e);
}

enum rc git_branch_set(struct git *g, const char *branch, struct str oid, struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(200);
    char ref[GIT_NAME_MAX + 16], id[GIT_OID_SIZE];
    if (!git_ref_ok(str_c(branch)) || !git_oid_ok(oid))
        return err_set(e, RC_INVALID, "that is no branch or no commit");
    snprintf(ref, sizeof ref, "refs/heads/%s", branch);
    TRY(str_copy(id, sizeof id, oid, "id of a commit", e));
    const char *const args[] = {"update-ref", "--no-deref", ref, id, NULL};
    return git_run(g, args, STR_NONE, &out, e);
}
