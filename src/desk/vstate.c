/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Vultron machines of a case: report management, embargo management, case state.
 * Runs in core; also anywhere else, since it is pure.
 * Input: states out of our own tables and words of team members, checked here.
 */
#include "desk/vstate.h"

struct edge {
    char from, to;
};

static const struct edge rm_edges[] = {
    {'S', 'R'}, {'R', 'I'}, {'R', 'V'}, {'I', 'V'}, {'V', 'A'}, {'V', 'D'},
    {'A', 'D'}, {'D', 'A'}, {'A', 'C'}, {'D', 'C'}, {'I', 'C'},
};

bool rm_legal(char from, char to)
{
    for (size_t i = 0; i < ARRAY_LEN(rm_edges); i++)
        if (rm_edges[i].from == from && rm_edges[i].to == to)
            return true;
    return false;
}

const char *rm_word(char rm)
{
    switch (rm) {
    case 'S':
        return "start";
    case 'R':
        return "received";
    case 'I':
        return "invalid";
    case 'V':
        return "valid";
    case 'A':
        return "accepted";
    case 'D':
        return "deferred";
    case 'C':
        return "closed";
    default:
        return "unknown";
    }
}

static const char *const em_act_names[EM_ACTS] = {
    [EM_PROPOSE] = "propose", [EM_COUNTER] = "counter", [EM_REJECT] = "reject",
    [EM_ACCEPT] = "accept",   [EM_REVISE] = "revise",   [EM_TERMINATE] = "terminate",
};

static const struct {
    char from, to;
    enum em_act act;
} em_edges[] = {
    {'N', 'P', EM_PROPOSE},   {'P', 'P', EM_COUNTER}, {'P', 'N', EM_REJECT},
    {'P', 'A', EM_ACCEPT},    {'A', 'R', EM_REVISE},  {'R', 'R', EM_COUNTER},
    {'R', 'A', EM_ACCEPT},    {'R', 'A', EM_REJECT},  {'A', 'X', EM_TERMINATE},
    {'R', 'X', EM_TERMINATE},
};

const char *em_act_name(enum em_act act)
{
    return act < EM_ACTS ? em_act_names[act] : "?";
}

enum rc em_act_parse(struct str s, enum em_act *ret_act, struct err *e)
{
    for (int i = 0; i < EM_ACTS; i++) {
        if (str_eq(s, str_c(em_act_names[i]))) {
            *ret_act = (enum em_act)i;
            return RC_OK;
        }
    }
    return err_set(
        e, RC_INVALID,
        "unknown action on the embargo; one of propose, counter, reject, accept, revise, "
        "terminate");
}

char em_next(char from, enum em_act act)
{
    for (size_t i = 0; i < ARRAY_LEN(em_edges); i++)
        if (em_edges[i].from == from && em_edges[i].act == act)
            return em_edges[i].to;
    return 0;
}

const char *em_word(char em)
{
    switch (em) {
    case 'N':
        return "none";
    case 'P':
        return "proposed";
    case 'A':
        return "active";
    case 'R':
        return "revision proposed";
    case 'X':
        return "ended";
    default:
        return "unknown";
    }
}

static const char cs_capitals[CS_LEN + 1] = "VFDPXA";

unsigned cs_parse(struct str s)
{
    unsigned cs = 0;
    for (size_t i = 0; i < CS_LEN && i < s.n; i++)
        if (s.p[i] == cs_capitals[i])
            cs |= 1u << i;
    return cs;
}

void cs_text(unsigned cs, char ret[CS_LEN + 1])
{
    for (size_t i = 0; i < CS_LEN; i++)
        ret[i] = cs & (1u << i) ? cs_capitals[i] : ascii_lower(cs_capitals[i]);
    ret[CS_LEN] = '\0';
}

enum rc cs_bit_parse(struct str s, enum cs_bit *ret_bit, struct err *e)
{
    for (size_t i = 0; i < CS_LEN; i++) {
        if (s.n == 1 && s.p[0] == cs_capitals[i]) {
            *ret_bit = (enum cs_bit)(1u << i);
            return RC_OK;
        }
    }
    return err_set(e, RC_INVALID, "unknown case state; one of V, F, D, P, X, A");
}

bool cs_valid(unsigned cs)
{
    if ((cs & CS_D) && !(cs & CS_F))
        return false;
    if ((cs & CS_F) && !(cs & CS_V))
        return false;
    if ((cs & CS_X) && !(cs & CS_P))
        return false;
    return !(cs & CS_P) || (cs & CS_V);
}

const char *cs_bit_word(enum cs_bit bit)
{
    switch (bit) {
    case CS_V:
        return "vendor aware";
    case CS_F:
        return "fix ready";
    case CS_D:
        return "fix deployed";
    case CS_P:
        return "public";
    case CS_X:
        return "exploit public";
    case CS_A:
        return "attacks seen";
    }
    return "unknown";
}

enum rc vstate_rm(struct vstate *s, char to, struct err *e)
{
    if (!rm_legal(s->rm, to))
        return err_set(e, RC_INVALID, "a report that is %s cannot become %s", rm_word(s->rm),
                       rm_word(to));
    if (to == 'C' && (s->em == 'A' || s->em == 'R'))
        return err_set(e, RC_INVALID,
                       "the embargo is still active: end it first, or defer the case (D)");
    s->rm = to;
    return RC_OK;
}

/* An embargo starts when it is accepted, so both the offer and its acceptance are guarded. */
static enum rc may_start(const struct vstate *s, struct err *e)
{
    if (s->rm != 'R' && s->rm != 'V' && s->rm != 'A')
        return err_set(e, RC_INVALID, "no embargo is started while the report is %s",
                       rm_word(s->rm));
    if (s->cs & (CS_P | CS_X | CS_A))
        return err_set(e, RC_INVALID,
                       "no embargo is started once the problem is public, exploited in public or "
                       "attacks were seen");
    if (s->cs & CS_F)
        return err_set(e, RC_INVALID, "no new embargo is started once the fix is ready");
    return RC_OK;
}

enum rc vstate_em(struct vstate *s, enum em_act act, struct err *e)
{
    char to = em_next(s->em, act);
    if (to == 0)
        return err_set(e, RC_INVALID, "the embargo is %s: \"%s\" is not possible", em_word(s->em),
                       em_act_name(act));
    if (act == EM_PROPOSE || (act == EM_ACCEPT && s->em == 'P'))
        TRY(may_start(s, e));
    s->em = to;
    return RC_OK;
}

enum rc vstate_cs(struct vstate *s, enum cs_bit bit, struct err *e)
{
    if (s->cs & bit)
        return err_set(e, RC_INVALID, "\"%s\" holds already", cs_bit_word(bit));
    if ((bit == CS_F || bit == CS_D) && s->rm != 'A')
        return err_set(e, RC_INVALID, "\"%s\" needs an accepted report (A)", cs_bit_word(bit));
    if (bit == CS_F && !(s->cs & CS_V))
        return err_set(e, RC_INVALID, "a fix is ready only at a vendor who is aware");
    if (bit == CS_D && !(s->cs & CS_F))
        return err_set(e, RC_INVALID, "a fix is deployed only after it is ready (F)");
    s->cs |= bit;
    if (bit == CS_X)
        s->cs |= CS_P;
    if (s->cs & CS_P)
        s->cs |= CS_V;
    if (bit == CS_P || bit == CS_X) {
        if (s->em == 'A' || s->em == 'R')
            s->em = 'X';
        else if (s->em == 'P')
            s->em = 'N';
    }
    return RC_OK;
}

bool vstate_should_end_embargo(const struct vstate *s)
{
    return (s->cs & CS_A) && (s->em == 'A' || s->em == 'R');
}
