/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_AFFECTED_INSIDE_H
#define VULNDESK_DESK_AFFECTED_INSIDE_H

#include "desk/affected.h"
#include "desk/inside.h"
#include "desk/job.h"
#include "store/ops_affected.h"

/* What the files about affected versions and job.c share. */

enum rc affected_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc affected_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc affected_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                              struct err *e) WARN_UNUSED;
enum rc affected_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;

/* The same of the parts of a case. */
enum rc affected_part_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc affected_part_job_answer(struct desk *d, int64_t subject, const json_t *answer,
                                 struct err *e) WARN_UNUSED;
enum rc affected_part_job_progress(struct desk *d, int64_t subject, struct str what,
                                   int64_t *ret_case, struct err *e) WARN_UNUSED;
enum rc affected_part_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;

/* What is asked about it; RC_NOTFOUND: nothing yet. */
enum rc affected_row_of(struct desk *d, struct arena *a, struct affected_key of,
                        bool without_answer, struct affected_row *ret, struct err *e) WARN_UNUSED;
/* "2024-08 to 2025-01 (6 releases); fixed in 2025-01a": of the record. */
void affected_summary(const struct record *r, struct buf *b);
/* Lays the choice and the decisions over a record; *ret_chosen: which candidate, from 1. */
enum rc affected_overlay(struct desk *d, struct arena *a, const struct affected_row *row,
                         struct record *r, int64_t *ret_chosen, struct err *e) WARN_UNUSED;

#endif
