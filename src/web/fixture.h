/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_FIXTURE_H
#define VULNDESK_WEB_FIXTURE_H

#include "desk/people.h"
#include "desk/search.h"
#include "desk/view.h"

/* Invented read models for the preview and the tests of the pages; all in the arena. */
#define FIXTURE_NOW INT64_C(1764082800000000) /* 2025-11-25 15:00 UTC */

void fixture_queue(struct arena *a, struct view_queue *q);
void fixture_case(struct arena *a, struct view_case *c);
/* What a search for "quarantine" found. */
void fixture_search(struct arena *a, struct view_search *s);
/* The same with a second reporter. */
void fixture_case_two(struct arena *a, struct view_case *c);
void fixture_held(struct arena *a, struct view_held *h);
void fixture_reporter(struct arena *a, struct view_reporter *r);
void fixture_people(struct arena *a, struct account **ret, size_t *ret_n);
extern const struct str fixture_policy;

#endif
