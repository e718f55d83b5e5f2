/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_THROTTLE_H
#define VULNDESK_DESK_THROTTLE_H

#include "desk/desk.h"

/*
 * How often strangers may make us do something: counted per key (a client's address, a login, or
 * one key for all) in the store, so that several cores count together and a restart forgets
 * nothing.  A window is fixed: it begins with the first act and is forgotten when it is over.
 *
 *     static const struct throttle_rule sign_in = {"login", 10, 15 * US_PER_MIN};
 *     TRY(throttle_take(d, &sign_in, key, &t, e));
 *     if (!t.allowed) -> 429, "please wait t.wait_us"
 *
 * Whoever counts failures only peeks before the act and takes after a failure.  Not to be called
 * inside a transaction that may be undone: the count would be undone with it.
 */
#define THROTTLE_KEY_MAX    64         /* bytes of a key as it is stored; longer ones are hashed */
#define THROTTLE_WINDOW_MAX US_PER_DAY /* no window is longer: the sweep relies on it */
#define THROTTLE_ALL        STR("*")   /* the key of a rule about everybody together */

struct throttle_rule {
    const char *what; /* login report upload ... */
    int64_t max;      /* acts allowed within the window */
    int64_t window_us;
};
struct throttle {
    bool allowed;
    int64_t left;    /* acts that the window still allows */
    int64_t wait_us; /* not allowed: until the window is over */
};
/* Counts one act, allowed or not. */
enum rc throttle_take(struct desk *d, const struct throttle_rule *rule, struct str key,
                      struct throttle *ret, struct err *e) WARN_UNUSED;
/* Whether one more would be allowed; counts nothing. */
enum rc throttle_peek(struct desk *d, const struct throttle_rule *rule, struct str key,
                      struct throttle *ret, struct err *e) WARN_UNUSED;
/* Forgets a key: a good sign-in makes up for bad ones. */
enum rc throttle_clear(struct desk *d, const struct throttle_rule *rule, struct str key,
                       struct err *e) WARN_UNUSED;
/* Forgets all windows that are over. */
enum rc throttle_sweep(struct desk *d, int64_t *ret_n, struct err *e) WARN_UNUSED;

/*
 * The key of a client: an IPv4 address as it is, of an IPv6 address the first 64 bits (one
 * customer has at least so many addresses); anything else as it is.
 */
struct str throttle_client(struct arena *a, struct str client);

#endif
