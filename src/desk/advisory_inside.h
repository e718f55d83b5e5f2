/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_ADVISORY_INSIDE_H
#define VULNDESK_DESK_ADVISORY_INSIDE_H

#include "desk/advisory.h"
#include "desk/inside.h"
#include "store/ops_advisory.h"

/* What the files about advisories share. */

/* "PREFIX-SA-2026-0001" */
void advisory_number(char dst[ADVISORY_NUMBER_MAX], struct str prefix, int year, int64_t nth);
/* The content of a stored revision. */
enum rc revision_content(struct arena *a, const struct revision_row *r, struct adv_content *ret,
                         struct err *e) WARN_UNUSED;
/* What the first revision would say, out of the case. */
enum rc advisory_prefill(struct desk *d, struct arena *a, int64_t case_id, struct adv_content *ret,
                         struct err *e) WARN_UNUSED;
/* Everything around a content; credits are those of the content. */
enum rc advisory_doc(struct desk *d, struct arena *a, const struct advisory_row *r,
                     const struct adv_content *c, struct adv_doc *ret, struct err *e) WARN_UNUSED;
/* Who decided to be named. */
enum rc credits_named(struct desk *d, struct arena *a, int64_t case_id, struct adv_content *c,
                      struct err *e) WARN_UNUSED;
/* A row for each reporter and finder of the case. */
enum rc credits_make(struct desk *d, struct arena *a, int64_t case_id, struct err *e) WARN_UNUSED;
/* Another active account than the author's. */
enum rc approver_exists(struct desk *d, struct arena *a, int64_t author_id, bool *ret,
                        struct err *e) WARN_UNUSED;
/* Threads that are told: those of participants with an address. */
enum rc advisory_told(struct desk *d, struct arena *a, int64_t case_id, struct thread_row **ret,
                      size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
