/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smuggling corpus through the state machine: whole, octet by octet, and in many random cuts;
 * the cut must make no difference.
 */
#include <stdio.h>
#include <stdlib.h>

#include "smtp/session_driver.h"
#include "smtp/smuggling.h"

#define CUTS 200

static void driver_start(struct driver *d, enum smtp_mode mode)
{
    driver_init(d, mode);
    d->config.max_size = 1 << 20;
}

static void outcome_of(struct driver *d, struct outcome *o)
{
    outcome_init(o);
    buf_add(&o->replies, buf_str(&d->replies));
    o->n_mails = d->n_mails;
    for (size_t i = 0; i < d->n_mails; i++)
        buf_add(&o->mails[i], buf_str(&d->mails[i]));
    driver_end(d);
}

static void feed_in_cuts(struct driver *d, struct str in, uint32_t seed)
{
    while (in.n > 0 && smtp_session_want(d->session) == SMTP_WANT_INPUT) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = 1 + (seed >> 16) % 60;
        driver_more(d, str_sub(in, 0, n));
        in = str_sub(in, n, in.n);
    }
}

static void run(void *arg, const struct stream *s)
{
    struct driver d;
    AUTO(outcome) struct outcome whole;
    driver_start(&d, SMTP_MODE_SMTP);
    driver_more(&d, buf_str(&s->octets));
    outcome_of(&d, &whole);
    smuggling_check(s, &whole);
    for (uint32_t seed = 0; seed <= CUTS; seed++) {
        AUTO(outcome) struct outcome cut;
        driver_start(&d, SMTP_MODE_SMTP);
        if (seed == 0)
            driver_feed(&d, buf_str(&s->octets), 1);
        else
            feed_in_cuts(&d, buf_str(&s->octets), seed);
        outcome_of(&d, &cut);
        BUG_ON(!str_eq(buf_str(&cut.replies), buf_str(&whole.replies)));
        BUG_ON(cut.n_mails != whole.n_mails);
        smuggling_check(s, &cut);
    }
    (*(size_t *)arg)++;
}

int main(void)
{
    size_t n = 0;
    size_t all = smuggling_each("smtp-smuggling", run, &n);
    BUG_ON(n != all || n == 0);
    printf("%zu streams, each in %d cuts\n", n, CUTS + 2);
    return 0;
}
