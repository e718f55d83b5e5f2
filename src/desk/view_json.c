/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read models as JSON, for `--json` and scripts.
 * Runs in core.
 * Input: read models made by view.c.
 */
#include "desk/view_inside.h"

#define TEXT_ARENA (2u << 20) /* memory of one event in words */

static json_t *clock_json(const struct view_clock *c)
{
    json_t *j = json_object();
    json_put_int(j, "id", c->id);
    json_put_int(j, "thread", c->thread_id);
    json_put_str(j, "kind", c->kind);
    json_put_str(j, "source", c->source);
    json_put_str(j, "state", c->state);
    json_put_str(j, "words", c->words);
    json_put_time(j, "started", c->started_us);
    json_put_time(j, "due", c->due_us);
    json_put_time(j, "paused", c->paused_us);
    json_put_time(j, "met", c->met_us);
    json_put_bool(j, "overdue", c->overdue);
    return j;
}

static json_t *queue_row_json(const struct view_queue_row *r)
{
    json_t *j = json_object();
    json_put_str(j, "number", r->number);
    json_put_str(j, "title", r->title);
    json_put_str(j, "phase", r->phase);
    json_put_str(j, "phase_name", r->phase_name);
    json_put_str(j, "exit", r->exit);
    json_put_str(j, "handler", r->handler);
    json_put_str(j, "severity", r->severity);
    json_put_str(j, "rm", r->rm);
    json_put_str(j, "em", r->em);
    json_put_str(j, "cs", r->cs);
    json_put_time(j, "opened", r->opened_us);
    json_put_time(j, "changed", r->changed_us);
    json_put_time(j, "closed", r->closed_us);
    json_put_time(j, "last_in", r->last_in_us);
    json_put_time(j, "last_out", r->last_out_us);
    json_put_bool(j, "needs_answer", r->needs_answer);
    json_put_bool(j, "waiting", r->waiting);
    json_put_int(j, "escalated", r->escalated);
    json_put_int(j, "held", r->held);
    json_put_int(j, "failed", r->failed);
    json_object_set_new(j, "next", r->next.id ? clock_json(&r->next) : json_null());
    return j;
}

json_t *view_queue_json(const struct view_queue *q)
{
    json_t *j = json_object(), *rows = json_array();
    for (size_t i = 0; i < q->n; i++)
        json_array_append_new(rows, queue_row_json(&q->rows[i]));
    json_object_set_new(j, "cases", rows);
    json_put_bool(j, "more", q->more);
    json_put_int(j, "open", q->open);
    json_put_int(j, "mine", q->mine);
    json_put_int(j, "overdue", q->overdue);
    json_put_int(j, "held", q->held);
    json_put_time(j, "now", q->now_us);
    return j;
}

static json_t *outbox_json(const struct view_outbox *o)
{
    json_t *j = json_object();
    json_put_int(j, "id", o->id);
    json_put_str(j, "kind", o->kind);
    json_put_str(j, "to", o->rcpt);
    json_put_str(j, "state", o->state);
    json_put_int(j, "attempt", o->attempt);
    json_put_int(j, "code", o->code);
    json_put_str(j, "answer", o->answer);
    json_put_int(j, "doubles", o->doubles);
    json_put_time(j, "created", o->created_us);
    json_put_time(j, "changed", o->changed_us);
    json_put_time(j, "due", o->due_us);
    return j;
}

static json_t *attachment_json(const struct view_attachment *t)
{
    json_t *j = json_object();
    json_put_int(j, "part", t->part);
    json_put_str(j, "name", t->name);
    json_put_str(j, "type", t->type);
    json_put_int(j, "size", t->size);
    json_put_str(j, "sha256", t->sha256);
    json_put_bool(j, "damaged", t->damaged);
    return j;
}

json_t *view_message_json(const struct view_message *m)
{
    json_t *j = json_object(), *files = json_array(), *mails = json_array(), *facts = NULL;
    json_put_int(j, "id", m->id);
    json_put_int(j, "thread", m->thread_id);
    json_put_str(j, "direction", m->direction);
    json_put_str(j, "state", m->state);
    json_put_str(j, "hold_reason", m->hold_reason);
    json_put_str(j, "from_name", m->from_name);
    json_put_str(j, "from", m->from_addr);
    json_put_str(j, "return_path", m->return_path);
    json_put_str(j, "subject", m->subject);
    json_put_str(j, "message_id", m->mid);
    json_put_str(j, "trust", m->trust);
    json_put_str(j, "author", m->author);
    json_put_str(j, "ack", m->ack);
    json_put_bool(j, "encrypted", m->encrypted);
    json_put_bool(j, "truncated", m->truncated);
    json_put_bool(j, "raw", m->blob_id != 0);
    json_put_time(j, "received", m->received_us);
    json_put_time(j, "date", m->date_us);
    json_put_str(j, "body", m->body);
    if (json_parse(m->facts, 1 << 20, "facts of a message", &facts, NULL) != RC_OK)
        facts = json_object();
    json_object_set_new(j, "facts", facts);
    for (size_t i = 0; i < m->n_attachments; i++)
        json_array_append_new(files, attachment_json(&m->attachments[i]));
    json_object_set_new(j, "attachments", files);
    for (size_t i = 0; i < m->n_outbox; i++)
        json_array_append_new(mails, outbox_json(&m->outbox[i]));
    json_object_set_new(j, "outbox", mails);
    return j;
}

static json_t *messages_json(const struct view_message *m, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, view_message_json(&m[i]));
    return list;
}

static json_t *thread_json(const struct view_thread *t)
{
    json_t *j = json_object();
    json_put_int(j, "id", t->id);
    json_put_int(j, "participant", t->participant_id);
    json_put_str(j, "name", t->name);
    json_put_str(j, "email", t->email);
    json_put_str(j, "role", t->role);
    json_put_str(j, "subject", t->subject);
    json_put_time(j, "waiting", t->waiting_us);
    json_put_time(j, "created", t->created_us);
    json_object_set_new(j, "messages", messages_json(t->messages, t->n_messages));
    return j;
}

static json_t *participant_json(const struct view_participant *p)
{
    json_t *j = json_object();
    json_put_int(j, "id", p->id);
    json_put_str(j, "role", p->role);
    json_put_str(j, "name", p->name);
    json_put_str(j, "email", p->email);
    json_put_str(j, "rm", p->rm);
    json_put_bool(j, "ours", p->ours);
    json_put_time(j, "joined", p->joined_us);
    return j;
}

static json_t *event_json(const struct view_event *v)
{
    AUTO(arena) struct arena *a = arena_new(TEXT_ARENA);
    json_t *j = json_object(), *payload = NULL;
    json_put_str(j, "case", v->number);
    json_put_int(j, "seq", v->seq);
    json_put_time(j, "at", v->at_us);
    json_put_str(j, "kind", v->kind);
    json_put_str(j, "actor", v->actor);
    json_put_str(j, "text", view_event_text(a, v->kind, v->payload));
    if (v->payload.n == 0 || json_parse(v->payload, 1 << 20, "event", &payload, NULL) != RC_OK)
        payload = json_null();
    json_object_set_new(j, "payload", payload);
    return j;
}

static void case_lists(json_t *j, const struct view_case *c)
{
    json_t *facts = json_object(), *people = json_array(), *threads = json_array();
    json_t *clocks = json_array(), *events = json_array(), *aliases = json_array();
    for (size_t i = 0; i < c->n_facts; i++)
        json_object_set_new(facts, c->facts[i].name.p, json_str(c->facts[i].value));
    for (size_t i = 0; i < c->n_participants; i++)
        json_array_append_new(people, participant_json(&c->participants[i]));
    for (size_t i = 0; i < c->n_threads; i++)
        json_array_append_new(threads, thread_json(&c->threads[i]));
    for (size_t i = 0; i < c->n_clocks; i++)
        json_array_append_new(clocks, clock_json(&c->clocks[i]));
    for (size_t i = 0; i < c->n_events; i++)
        json_array_append_new(events, event_json(&c->events[i]));
    for (size_t i = 0; i < c->n_aliases; i++)
        json_array_append_new(aliases, json_str(c->aliases[i]));
    json_object_set_new(j, "facts", facts);
    json_object_set_new(j, "participants", people);
    json_object_set_new(j, "threads", threads);
    json_object_set_new(j, "notes", messages_json(c->notes, c->n_notes));
    json_object_set_new(j, "held", messages_json(c->held, c->n_held));
    json_object_set_new(j, "clocks", clocks);
    json_object_set_new(j, "events", events);
    json_object_set_new(j, "aliases", aliases);
}

json_t *view_case_json(const struct view_case *c)
{
    json_t *j = json_object();
    json_put_str(j, "number", c->number);
    json_put_str(j, "title", c->title);
    json_put_str(j, "severity", c->severity);
    json_put_str(j, "phase", c->phase);
    json_put_str(j, "phase_name", c->phase_name);
    json_put_str(j, "exit", c->exit_name);
    json_put_str(j, "exit_reason", c->exit_reason);
    json_put_str(j, "rm", c->rm);
    json_put_str(j, "em", c->em);
    json_put_str(j, "cs", c->cs);
    json_put_time(j, "embargo_until", c->embargo_until_us);
    json_put_bool(j, "should_end_embargo", c->should_end_embargo);
    json_put_str(j, "handler", c->handler);
    json_put_str(j, "handler_name", c->handler_name);
    json_put_int(j, "escalated", c->escalated);
    json_put_str(j, "joined_into", c->joined_into);
    json_put_time(j, "opened", c->opened_us);
    json_put_time(j, "changed", c->changed_us);
    json_put_time(j, "closed", c->closed_us);
    json_put_time(j, "now", c->now_us);
    json_put_bool(j, "more", c->more);
    case_lists(j, c);
    return j;
}

json_t *view_held_row_json(const struct view_held_row *r, bool with_body)
{
    json_t *j = view_message_json(&r->message);
    if (!with_body)
        json_object_del(j, "body");
    json_put_str(j, "case", r->number);
    return j;
}

json_t *view_held_json(const struct view_held *h)
{
    json_t *j = json_object(), *rows = json_array();
    for (size_t i = 0; i < h->n; i++)
        json_array_append_new(rows, view_held_row_json(&h->rows[i], false));
    json_object_set_new(j, "messages", rows);
    json_put_bool(j, "more", h->more);
    json_put_time(j, "now", h->now_us);
    return j;
}
