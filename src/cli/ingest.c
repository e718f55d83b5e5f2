/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail from an MDA.  Runs as the MDA's user; the mail is copied unseen into a sealed record.
 */
#include "cli/ingest.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/args.h"
#include "desk/keygen.h"
#include "desk/settings.h"
#include "os/clock.h"
#include "os/file.h"
#include "smtp/address.h"
#include "smtp/spool.h"

#define INGEST_TO_MAX 100

static enum rc check_ours(const struct settings *set, const char *to, struct err *e)
{
    struct smtp_addr a, ours;
    TRY(smtp_mailbox_parse(str_c(to), SMTP_ADDR_UTF8, &a, e));
    for (size_t i = 0; i < set->desk.contact.n; i++)
        if (smtp_mailbox_parse(set->desk.contact.v[i], SMTP_ADDR_UTF8, &ours, e) == RC_OK &&
            smtp_addr_is_ours(&a, &ours, NULL))
            return RC_OK;
    if (smtp_mailbox_parse(set->mail.bounce_address, SMTP_ADDR_UTF8, &ours, e) == RC_OK &&
        smtp_addr_is_ours(&a, &ours, NULL))
        return RC_OK;
    return err_set(e, RC_NOTFOUND, "an address in --to is not one of desk.contact");
}

static enum rc ingest(const struct settings *set, const char *from, const char **to, size_t n_to,
                      struct err *e)
{
    struct str rcpts[INGEST_TO_MAX];
    struct smtp_addr sender;
    for (size_t i = 0; i < n_to; i++) {
        TRY(check_ours(set, to[i], e));
        rcpts[i] = str_c(to[i]);
    }
    if (from && from[0])
        TRY(smtp_mailbox_parse(str_c(from), SMTP_ADDR_UTF8, &sender, e));
    if (n_to == 0)
        rcpts[n_to++] = set->desk.contact.v[0];
    struct smtp_envelope v = {
        .from = str_c(from), .from_known = from != NULL, .rcpts = rcpts, .n_rcpts = n_to};
    unsigned char pk[KEYGEN_INTAKE_LEN];
    TRY(keygen_intake_public(set->desk.data_dir.p, pk, e));
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/spool", set->desk.data_dir.p);
    AUTO(fd) int dir = -1;
    TRY(dir_open(AT_FDCWD, path, &dir, e));
    AUTO(spool) struct spool *spool = NULL;
    TRY(spool_open(dir, pk, &spool, e));
    struct spool_ingest in = {.spool = spool,
                              .hostname = set->mail.hostname.p,
                              .max_size = (uint64_t)set->mail.max_size,
                              .now_us = clock_now_us()};
    char id[SPOOL_ID_LEN + 1];
    return spool_ingest(&in, &v, STDIN_FILENO, id, e);
}

int ingest_main(int argc, char **argv)
{
    const char *to[INGEST_TO_MAX];
    struct arg known[] = {
        {.name = "--config"},
        {.name = "--from"},
        {.name = "--to", .many = true, .values = to, .max_values = ARRAY_LEN(to)}};
    struct args a = {.known = known, .n_known = ARRAY_LEN(known)};
    struct err e = ERR_INIT;
    AUTO(settings) struct settings *set = NULL;
    if (args_parse(&a, argc, argv, &e) != RC_OK || a.n_words > 0) {
        fprintf(stderr, "vulndesk ingest: %s\n", e.msg[0] ? e.msg : "takes no words");
        return EX_USAGE;
    }
    const char *file = known[0].value ? known[0].value : SETTINGS_FILE;
    enum rc rc = settings_load(file, NULL, &set, &e);
    if (rc != RC_OK) {
        fprintf(stderr, "vulndesk ingest: %s\n", e.msg);
        return EX_TEMPFAIL; /* a broken configuration must not bounce a report */
    }
    rc = ingest(set, known[1].value, to, known[2].n_values, &e);
    if (rc != RC_OK)
        fprintf(stderr, "vulndesk ingest: %s\n", e.msg);
    return rc == RC_NOTFOUND ? EX_NOUSER : spool_ingest_exit(rc);
}
