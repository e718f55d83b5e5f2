/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an answer changes along a list.  Runs in the engine child; pure but for what it asks.
 */
#include "engine/run/matrix.h"

#define SKIP_MAX 6 /* neighbours that are tried for one that cannot say */
#define SPREAD   2 /* halvings of a stretch whose ends agree: a flaw that came and went */

static bool says(enum matrix_result r)
{
    return r == MATRIX_FINE || r == MATRIX_CRASHES;
}

/* An answer at i; asked for at most once. */
static bool ask(struct bisect *b, size_t i)
{
    if (says(b->answer[i]) || b->tried[i])
        return says(b->answer[i]);
    if (b->left == 0)
        return false;
    b->left--;
    b->tried[i] = true;
    b->answer[i] = b->try(b->arg, i);
    return says(b->answer[i]);
}

/* An answer at `at` or as near to it as can be, between from and to (both not asked). */
static bool ask_near(struct bisect *b, size_t from, size_t at, size_t to, size_t *ret_at)
{
    for (size_t step = 0; step <= SKIP_MAX; step++) {
        /* 0, +1, -1, +2, -2, ... */
        size_t by = (step + 1) / 2;
        bool down = step % 2 == 0;
        if ((down && at < by) || (!down && at + by >= b->n))
            continue;
        size_t i = down ? at - by : at + by;
        if (i > from && i < to && ask(b, i)) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* An answer as near to an end as can be: with one that cannot say, the next ones. */
static bool ask_end(struct bisect *b, bool last, size_t *ret_at)
{
    for (size_t step = 0; step < b->n && step <= SKIP_MAX; step++) {
        size_t i = last ? b->n - 1 - step : step;
        if (ask(b, i)) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* A stretch between two answers.  Where they differ there is a change in it; where they agree it
 * is looked into a little. */
struct stretch {
    size_t from, to;
    unsigned spread; /* halvings that are left while its ends agree */
};
#define STRETCHES 256

bool bisect_run(struct bisect *b)
{
    struct stretch todo[STRETCHES];
    size_t n = 0, first, last, mid, done = 0;
    bool whole = true;
    if (b->n == 0 || !ask_end(b, false, &first))
        return b->n == 0;
    if (!ask_end(b, true, &last))
        return false;
    if (last > first)
        todo[n++] = (struct stretch){first, last, SPREAD};
    /* In their order, so that no stretch waits for all of another one. */
    while (done < n) {
        struct stretch s = todo[done++];
        bool agree = b->answer[s.from] == b->answer[s.to];
        if (s.to - s.from < 2 || (agree && s.spread == 0))
            continue;
        if (!ask_near(b, s.from, s.from + (s.to - s.from) / 2, s.to, &mid)) {
            whole = whole && agree;
            continue;
        }
        unsigned spread = agree ? s.spread - 1 : 0;
        if (n + 2 > STRETCHES) {
            memmove(todo, todo + done, (n - done) * sizeof todo[0]);
            n -= done;
            done = 0;
        }
        if (n + 2 > STRETCHES)
            return false;
        todo[n++] = (struct stretch){s.from, mid, spread};
        todo[n++] = (struct stretch){mid, s.to, spread};
    }
    return whole;
}
