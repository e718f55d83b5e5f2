/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_MESSAGE_H
#define VULNDESK_ENGINE_AFFECTED_MESSAGE_H

#include "base/str.h"

/*
 * What a commit's message says about other commits, and a key of its subject that survives being
 * carried to another branch.  Pure; the message is a stranger's text.
 *
 * Read are: "(cherry picked from commit ID)", "commit ID upstream", "[ Upstream commit ID ]",
 * "backport of ID", "Merge(d) r1, r2 from ...", "git-svn-id: URL@N", "This reverts commit ID",
 * "Revert rN", Revert "subject" (also nested), Reapply "subject", "Fixes: ID", "introduced in ID",
 * pull requests ("(#12)", ".../pull/12", ".../merge_requests/12") and ids of vulnerabilities.
 */
#define NAMED_MAX     24 /* things that one message can name */
#define NAMED_ID_MIN  7  /* digits of an abbreviated id */
#define NAMED_KEY_LEN 20

enum named_kind {
    NAMED_NONE,
    NAMED_COPY,       /* this commit brings that one to another line */
    NAMED_COPY_PART,  /* a part of it, it says */
    NAMED_REVERT,     /* takes it back */
    NAMED_FIXES,      /* mends what that one broke */
    NAMED_MENTION,    /* names it, for whatever reason */
    NAMED_SVN_SELF,   /* its own number in Subversion */
    NAMED_SVN_COPY,   /* brings that number over */
    NAMED_SVN_REVERT, /* takes that number back */
    NAMED_PULL,       /* number of the pull request */
    NAMED_VULN,       /* a hash of an id of a vulnerability */
};
struct named {
    uint8_t kind;                     /* enum named_kind */
    uint8_t digits;                   /* of an id: how many of key count, 40 at most; else 0 */
    unsigned char key[NAMED_KEY_LEN]; /* an id, or a number as 8 bytes, lowest first */
};

struct message {
    uint64_t subject;    /* hash of the normalised subject, 0 when there is none */
    uint8_t subject_len; /* bytes of the normalised subject, 255 at most */
    bool reverts;        /* by its subject it takes the commit of that subject back */
    bool again;          /* and this one brings it back ("Reapply", revert of a revert) */
    struct named named[NAMED_MAX];
    size_t n;
};

void message_read(struct str message, struct message *ret_m);

/* Does the named id name this commit (raw id of at least NAMED_KEY_LEN bytes)? */
bool named_is(const struct named *n, const unsigned char *id);
uint64_t named_number(const struct named *n);

#endif
