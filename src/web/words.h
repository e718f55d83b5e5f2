/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_WORDS_H
#define VULNDESK_WEB_WORDS_H

#include "base/arena.h"
#include "desk/view.h"
#include "web/views.h"

/*
 * From the desk's read models to what a page says: pure functions, everything made in the arena.
 */
#define WORDS_FOLD_LINES 4   /* so many quoted lines in a row are folded away */
#define WORDS_BODY_PARTS 400 /* of one message; what is beyond stays one part */
#define WORDS_LONG_LINES                                                                           \
    60 /* a text with more lines is folded after the first WORDS_HEAD_LINES                        \
        */
#define WORDS_HEAD_LINES 40
#define WORDS_LONG_BYTES 6000 /* the same by bytes, for long lines */
#define WORDS_HEAD_BYTES 4000
#define WORDS_BODY_MAX   65536   /* bytes of a text on a page; all of it is a link away */
#define WORDS_PAGE_MAX   1500000 /* bytes of all texts of one page, shared by its messages */
#define WORDS_BODY_MIN   2000    /* what each message may have of them in any case */
#define WORDS_FILES      8       /* attachments shown at once */
#define WORDS_GIST       120     /* bytes of a text's first words */

struct maker {
    struct arena *a;
    int64_t now_us;
    struct str desk; /* its name: who wrote what the machine wrote */
    size_t body_max; /* bytes of one text on this page; 0 = WORDS_BODY_MAX */
};

struct time_view time_view_of(const struct maker *m, int64_t at_us);
/* "15:08:20 UTC" */
struct str clock_words(const struct maker *m, int64_t at_us);
/* "812 bytes", "1.4 MB" */
struct str size_words(const struct maker *m, int64_t bytes);
/* base: path before "/message/...", a constant or of the arena. */
struct message_view message_view_of(const struct maker *m, const struct view_message *v,
                                    struct str base);
struct message_view *message_views_of(const struct maker *m, const struct view_message *v, size_t n,
                                      struct str base);
struct clock_view clock_view_of(const struct maker *m, const struct view_clock *v);
/* Clocks of one thread (0: all) that say something: running, paused, missed or met. */
void clock_views_of(const struct maker *m, const struct view_clock *v, size_t n, int64_t thread_id,
                    struct clock_view **ret, size_t *ret_n);
const char *clock_kind_words(struct str kind);
/* The phases in order; phase_name of desk/phase.h says which one is now. */
void steps_of(const struct maker *m, struct str phase_now, struct step_view **ret, size_t *ret_n);
/* "Held", "Quarantine", "Spam", ... for the state of a message. */
const char *held_state_words(struct str state);

#endif
