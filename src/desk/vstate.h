/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_VSTATE_H
#define VULNDESK_DESK_VSTATE_H

#include "base/str.h"

/*
 * The three machines of a case, after Vultron (CERT/CC, Householder 2022): pure functions, no
 * database, no clock.
 *   RM report management, one for each participant: S start, R received, I invalid, V valid,
 *      A accepted, D deferred, C closed.
 *   EM embargo management, one for each case: N none, P proposed, A active, R revise, X exited.
 *   CS case state, six facts that never go back: V vendor aware, F fix ready, D fix deployed;
 *      P public, X exploit public, A attacks seen.  Written as six letters "vfdpxa", a capital
 *      where the fact holds.
 */
#define RM_STATES "SRIVADC"
#define EM_STATES "NPARX"
#define CS_START  "vfdpxa"
#define CS_LEN    6

enum cs_bit { CS_V = 1, CS_F = 2, CS_D = 4, CS_P = 8, CS_X = 16, CS_A = 32 };

struct vstate {
    char rm;     /* ours: the vendor's */
    char em;     /* of the case */
    unsigned cs; /* bits */
};

bool rm_legal(char from, char to);
const char *rm_word(char rm); /* "received" */
/* Actions on the embargo. */
enum em_act { EM_PROPOSE, EM_COUNTER, EM_REJECT, EM_ACCEPT, EM_REVISE, EM_TERMINATE, EM_ACTS };
const char *em_act_name(enum em_act act); /* "propose" */
enum rc em_act_parse(struct str s, enum em_act *ret_act, struct err *e) WARN_UNUSED;
/* The state after the action, or 0 where it is not legal.  R revise: reject goes back to A. */
char em_next(char from, enum em_act act);
const char *em_word(char em);

unsigned cs_parse(struct str s); /* of six letters; others count as absent */
void cs_text(unsigned cs, char ret[CS_LEN + 1]);
enum rc cs_bit_parse(struct str s, enum cs_bit *ret_bit, struct err *e) WARN_UNUSED; /* "V".."A" */
/* D needs F needs V, X needs P, P needs V: true for the 20 consistent ones of 64. */
bool cs_valid(unsigned cs);
const char *cs_bit_word(enum cs_bit bit); /* "fix ready" */

/*
 * The guarded moves.  On success *s is the new state and *ret_forced says which other machine was
 * moved with it; on failure (RC_INVALID, the message says which rule) nothing changes.
 *
 * Guards across machines:
 * - our RM may not become C while EM is A or R.
 * - an embargo is not started (propose from N, accept from P) while our RM is S, I, D or C, while
 *   P, X or A holds, or once F holds.
 * - F and D only while our RM is A; D needs F.
 * Forced: X sets P; P sets V; P or X ends an embargo (A, R -> X; P -> N).
 */
enum rc vstate_rm(struct vstate *s, char to, struct err *e) WARN_UNUSED;
enum rc vstate_em(struct vstate *s, enum em_act act, struct err *e) WARN_UNUSED;
enum rc vstate_cs(struct vstate *s, enum cs_bit bit, struct err *e) WARN_UNUSED;
/* Attacks are seen while an embargo lives: it should be ended (said to people, not forced). */
bool vstate_should_end_embargo(const struct vstate *s);

#endif
