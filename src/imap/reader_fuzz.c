/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an IMAP server's stream, to a whole session, byte by byte and in
 * larger cuts: no mail may be larger than what was allowed, and the dialogue must end.
 */
#include "imap/session.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

#define MAX_SIZE 2000

/* What a session said, asked for and took, as one text. */
static void run(struct str in, size_t cut, struct buf *said)
{
    struct imap_session *s = mem_zalloc(sizeof *s);
    struct imap_conf conf = {
        .folder = STR("INBOX"), .max_size = MAX_SIZE, .poll_us = 1000, .refuse_uid = 7};
    struct err e = ERR_INIT;
    enum rc rc = imap_session_begin(s, &conf, 0, &e);
    while (rc == RC_OK && in.n > 0) {
        struct str part = str_sub(in, 0, cut);
        in = str_sub(in, part.n, in.n);
        rc = imap_session_bytes(s, part, 0, &e);
        BUG_ON(s->mail.n > MAX_SIZE + IMAP_SIZE_SLACK);
        while (rc == RC_OK && s->need != IMAP_NEED_NOTHING) {
            buf_addf(said, "[%d %lld %lld %zu]", (int)s->need, (long long)s->uid,
                     (long long)s->uidvalidity, s->mail.n);
            rc = s->need == IMAP_NEED_POSITION ? imap_session_position(s, 2, 0, 0, &e)
                                               : imap_session_taken(s, 0, &e);
        }
    }
    buf_add(said, buf_str(&s->out));
    imap_session_release(s);
    free(s);
}

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
    AUTO(buf) struct buf whole = BUF_INIT(1 << 20);
    AUTO(buf) struct buf bytes = BUF_INIT(1 << 20);
    if (n < 1 || n > 8192)
        return 0;
    struct str in = str_of(p + 1, n - 1);
    run(in, 1, &bytes);
    run(in, 1 + p[0] % 64, &whole);
    return 0;
}
