/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_H
#define VULNDESK_WEB_VIEWS_H

#include "web/html.h"

/*
 * What the templates see: one struct a page.  Everything is borrowed from the arena of the request.
 * Texts are for people and already in words; whatever came from outside is hostile and stays so,
 * the templates escape it.  Lists are a pointer and its count with "n_" before the name.
 */

/* A failure that needs nothing from the desk. */
struct page_error {
    int status;
    const char *words;
    struct str why;
};

/* Around every page. */
struct page_frame {
    struct str title, desk;
    struct str user; /* of the team, signed in; empty = nobody */
    struct str csrf; /* for the forms of this session */
    bool open;       /* a page of the public site */
    bool listed;     /* search engines may keep it */
    bool at_queue, at_held, at_policy, at_advisories, at_account, at_report, at_lines;
    bool code;          /* has code: the sheet of audits besides */
    bool refresh;       /* looks again by itself after a moment */
    int64_t held;       /* messages that wait for a person; 0 shows none */
    bool held_more;     /* there are more than that */
    struct str q;       /* in the search field */
    const char *live;   /* path of the stream that says when to look again; NULL: none */
    struct str done;    /* what has just been done, in words */
    struct str problem; /* why the last form was not taken */
};

/* A point in time: in words, to the minute, and for machines. */
struct time_view {
    struct str words; /* "3 hours ago", "in 2 days" */
    struct str exact; /* "2026-11-25 15:08 UTC" */
    struct str iso;
};

struct option_view {
    struct str value, label;
    bool selected;
};

/* ---- queue ---- */

struct tab_view {
    const char *label, *href;
    int64_t count;
    bool has_count, current;
};
struct queue_row_view {
    struct str number, title, phase, exit, severity, handler;
    struct time_view opened, next;
    struct str next_what; /* which promise; empty = no clock runs */
    bool overdue, mine, needs_answer, waiting, escalated;
    int64_t failed, held, unread;
};
struct page_queue {
    struct page_frame frame;
    struct tab_view *tabs;
    size_t n_tabs;
    struct queue_row_view *rows;
    size_t n_rows;
    const char *show; /* which list, for the filter's form; NULL = the open ones */
    struct option_view *handlers;
    size_t n_handlers;
    struct option_view *phases;
    size_t n_phases;
    struct option_view *severities;
    size_t n_severities;
    struct option_view *states;
    size_t n_states;
    bool filtered; /* fewer than all are shown */
    bool by_handler;
    struct str all;         /* the same list without a filter */
    struct str first, next; /* pages; empty = none */
    int64_t overdue;
    const char *empty; /* words for a list without rows */
};

/* ---- search ---- */

struct place_view {
    struct str href, who, kind, subject;
    struct str before, hit, after;
    struct time_view at;
};
struct found_view {
    struct str href, number, title;
    bool closed;
    struct place_view *places;
    size_t n_places;
    int64_t more;
};
struct page_search {
    struct page_frame frame;
    bool asked; /* something was looked for */
    struct found_view *found;
    size_t n_found;
    struct str next; /* page; empty = none */
    bool later;      /* this is not the first page */
};

/* ---- messages ---- */

/* A run of lines of a body; what is long or quoted is folded away. */
struct body_view {
    struct str text;
    bool folded;
    struct str label; /* of what is folded: "12 quoted lines" */
};
struct attachment_view {
    struct str name, type, size, sha256;
    int64_t part;
    bool damaged;
};
struct outbox_view {
    struct str words;  /* "Handed over", "Not delivered", ... */
    struct str answer; /* the server's words */
    struct time_view at;
    bool failed, waiting;
};
struct message_view {
    int64_t id;
    struct str base; /* path before "/message/..." */
    struct str who, addr, subject;
    struct str trust; /* what is known about the sender, in words */
    struct str ack;   /* what became of the acknowledgement */
    struct str held;  /* why it waits */
    struct time_view at;
    bool in, out, automatic, note, verified;
    bool fresh; /* not shown to this person before */
    bool encrypted, truncated, raw;
    struct str gist; /* its first words, for one line */
    struct str full; /* size of the text where only its begin is on the page; else empty */
    struct body_view *bodies;
    size_t n_bodies;
    struct attachment_view *attachments; /* the first of them */
    size_t n_attachments;
    struct attachment_view *others; /* the rest, folded away */
    size_t n_others;
    /* A reply in its minute: it can be undone. */
    bool may_undo;
    struct str number, csrf; /* of its case and of the form */
    struct str goes_at;      /* "15:08:20 UTC" */
    int64_t goes_us;
    struct outbox_view *outs;
    size_t n_outs;
};

/* ---- case ---- */

struct clock_view {
    struct str what, state, words; /* words: the policy's sentence */
    struct str source;             /* whose time limit it is */
    struct time_view due;
    bool overdue, running, met;
};
/* The form in which a reply or a note is written. */
struct writing_view {
    struct str text;   /* typed before an error, a text to start from, or the draft */
    struct str token;  /* of this form */
    struct str saved;  /* when the draft was kept; empty: none */
    struct str others; /* who else writes here: "Sam Example" */
    int64_t newest;
    bool wait;
};
struct thread_view {
    int64_t id;
    struct str name, email, role, subject;
    struct time_view waiting;
    bool is_waiting;
    bool by_mail; /* an address is known */
    bool can_write;
    struct message_view *messages;
    size_t n_messages;
    struct clock_view *clocks;
    size_t n_clocks;
    struct writing_view write;
};
struct participant_view {
    struct str name, email, role, rm;
};
struct event_view {
    struct time_view at;
    struct str who, text, number;
};
struct step_view {
    const char *name;
    bool done, current;
};
struct fact_view {
    struct str name, value;
};
/* One entry of the timeline: a message, or a line about a change. */
struct item_view {
    bool is_message, is_old; /* old: folded into one line */
    struct message_view message;
    struct event_view event;
};
/* A colleague who is writing just now. */
struct writer_view {
    struct str name, where; /* "a note", "to Mira Okafor" */
    struct time_view at;
};
/* A place that an audit found and that joined the case. */
struct case_part_view {
    int64_t part;
    struct str title, state, summary;
};
/* One form of the case page: what was typed before an error, and whether to show it open. */
struct form_view {
    bool open;
    struct str reason, a, b;
};
struct page_case {
    struct page_frame frame;
    struct str number, title, phase, severity, exit, exit_reason, joined_into, handler;
    struct str affected; /* the line about affected versions; empty: nothing was asked */
    struct str audit;    /* and about similar problems */
    struct str backport; /* and about the maintained lines */
    struct case_part_view *parts;
    size_t n_parts;
    struct str rm, em, cs;
    struct time_view opened, changed, closed, embargo;
    struct time_view erased;
    struct str erased_by;
    bool is_erased;
    bool has_embargo, should_end_embargo, is_closed, is_escalated, more;
    struct step_view *steps;
    size_t n_steps;
    struct str *aliases;
    size_t n_aliases;
    struct fact_view *facts;
    size_t n_facts;
    struct participant_view *participants;
    size_t n_participants;
    struct thread_view *threads;
    size_t n_threads;
    bool many;               /* threads: more than one */
    struct item_view *items; /* one conversation: all of it; many: notes and changes */
    size_t n_items;
    struct writing_view note_write;
    struct writer_view *writers;
    size_t n_writers;
    struct option_view *canned;
    size_t n_canned;
    struct clock_view next; /* the promise that is due first */
    bool has_next;
    struct str reporter; /* whom it is about, when there is one conversation */
    struct message_view *held;
    size_t n_held;
    size_t n_events; /* of the history, which has a page of its own */
    struct option_view *people;
    size_t n_people;
    struct option_view *severities;
    size_t n_severities;
    struct option_view *rms;
    size_t n_rms;
    struct option_view *ems;
    size_t n_ems;
    struct option_view *css;
    size_t n_css;
    struct option_view *fact_names;
    size_t n_fact_names;
    struct option_view *exits;
    size_t n_exits;
    struct option_view *thread_names;
    size_t n_thread_names;
    struct form_view assign, set, rm_form, em_form, cs_form, fact_form, close, join, split, move,
        invite;
};

/* Everything that was recorded about a case. */
struct page_history {
    struct page_frame frame;
    struct str number, title;
    struct event_view *events;
    size_t n_events;
    bool more;
};

/* ---- held ---- */

struct held_row_view {
    struct message_view message;
    struct str state; /* "Held", "Quarantine", "Spam" */
    struct str reason, number;
    bool ticked;
};
struct page_held {
    struct page_frame frame;
    struct tab_view *tabs;
    size_t n_tabs;
    struct held_row_view *rows;
    size_t n_rows;
    const char *empty;
    struct str state, after;   /* the list and the page, for the form */
    bool can_decide, can_spam; /* many at once */
    bool all;                  /* every box is ticked */
    struct str tick;           /* the same page with every box ticked, or none */
    struct str reason;         /* typed before an error */
    struct str first, next;    /* pages; empty = none */
};
/* One of them, with its text and what can be done. */
struct page_held_one {
    struct page_frame frame;
    struct held_row_view row;
    bool can_decide, can_pass;
    struct form_view release, discard, pass;
};

/* ---- signing in and the way back ---- */

/* A page with one button: the secret of a link is traded by POST, never by GET. */
struct page_button {
    struct page_frame frame;
    const char *heading, *label;
    struct str text, text2;
    struct str action; /* empty = no button */
    struct str again;  /* path to follow once more; empty = none */
};

/* ---- public ---- */

struct contact_view {
    struct str address, url;
};
struct page_policy {
    struct page_frame frame;
    struct html_safe text;
    bool answers; /* acknowledgements do leave this desk */
    bool open;    /* changes can be proposed */
    struct contact_view *contacts;
    size_t n_contacts;
};
struct page_reporter {
    struct page_frame frame;
    struct str number, phase, what, next, exit, exit_reason, embargo;
    bool credit_asked, credit_open; /* how to be named: the team asked; it can be said */
    struct time_view opened;
    struct step_view *steps;
    size_t n_steps;
    struct clock_view *clocks;
    size_t n_clocks;
    struct message_view *messages;
    size_t n_messages;
    bool is_closed, anonymous;
    int64_t filing;                               /* messages that are being taken in */
    struct str third_component, third_maintainer; /* may we send it on? empty: nothing is asked */
    struct str draft, token;
    bool again; /* files have to be chosen again */
    int64_t max_files, max_mb;
};

#endif
