-- SPDX-License-Identifier: Apache-2.0
-- Schema 4: the audit of a case for similar code.  Tokens as in 0002.sql.

-- What is asked, and the newest answer; every question raises nth and orders a job.
CREATE TABLE audit (
    id $ID,
    case_id $INT NOT NULL UNIQUE REFERENCES vcase(id),
    question $TEXT NOT NULL,            -- JSON: fix, like, hunk, branches, repositories, limit, cut
    nth $INT NOT NULL,
    state $TEXT NOT NULL,               -- asked answered failed
    progress $TEXT NOT NULL,            -- of the job, words
    failure $TEXT NOT NULL,             -- why there is no answer to nth
    answer $TEXT NOT NULL,              -- JSON (engine/audit/record.h), '' before the first
    answer_nth $INT NOT NULL,
    summary $TEXT NOT NULL,             -- of the answer, a line
    cut $INT NOT NULL,                  -- thousandths of a score: what is on the list
    open $INT NOT NULL,                 -- places on the list that nobody decided about
    asked_by $TEXT NOT NULL,            -- as events name an actor
    asked_us $INT NOT NULL,
    answered_us $INT
) $STRICT;

-- What a person decided about one place, known by its content.  The row stays when that is taken
-- back: its id is the part of the case (affected_part) that a same flaw has become.
CREATE TABLE audit_hit (
    id $ID,
    audit_id $INT NOT NULL REFERENCES audit(id),
    chunk $TEXT NOT NULL,               -- key of its content, hex
    line_in $INT NOT NULL,              -- line in the chunk, from 0; -1: not known
    repo $TEXT NOT NULL,                -- where it stood when it was decided, '' the project's own
    path $TEXT NOT NULL,
    line $INT NOT NULL,
    function $TEXT NOT NULL,            -- or ''
    verdict $TEXT NOT NULL,             -- same_flaw safe unsure, '' taken back
    reason $TEXT NOT NULL,
    actor $TEXT NOT NULL,               -- as events name one
    account_id $INT REFERENCES account(id),
    at_us $INT NOT NULL,
    signer $TEXT NOT NULL,              -- the second person, '' not signed
    signed_us $INT,
    alone $INT NOT NULL,                -- 1: who decided signed, nobody else was there
    UNIQUE (audit_id, chunk, line_in)
) $STRICT;
CREATE INDEX audit_hit_chunk ON audit_hit (chunk);

-- The record: each question and what became of it.
CREATE TABLE audit_run (
    audit_id $INT NOT NULL REFERENCES audit(id),
    nth $INT NOT NULL,
    question $TEXT NOT NULL,
    state $TEXT NOT NULL,               -- asked answered failed replaced
    failure $TEXT NOT NULL,
    searched $TEXT NOT NULL,            -- JSON: at, searched, hits, listed, not_searched; '' none yet
    cut $INT NOT NULL,                  -- thousandths, when it was asked
    asked_by $TEXT NOT NULL,
    asked_us $INT NOT NULL,
    answered_us $INT,
    PRIMARY KEY (audit_id, nth)
) $STRICT;

-- And each sign-off of the whole.
CREATE TABLE audit_sign (
    id $ID,
    audit_id $INT NOT NULL REFERENCES audit(id),
    nth $INT NOT NULL,                  -- of the answer
    cut $INT NOT NULL,
    digest $TEXT NOT NULL,              -- SHA-256 of what was signed (desk/audit_sign.c)
    counts $TEXT NOT NULL,              -- JSON: decisions by verdict
    signer $TEXT NOT NULL,
    alone $INT NOT NULL,
    at_us $INT NOT NULL,
    ended_us $INT,                      -- what was signed changed, or it was taken back
    ended_why $TEXT NOT NULL
) $STRICT;
CREATE INDEX audit_sign_audit ON audit_sign (audit_id);

-- The affected versions of such a part, as `affected` has those of the case itself.
CREATE TABLE affected_part (
    id $ID,
    case_id $INT NOT NULL REFERENCES vcase(id),
    part $INT NOT NULL REFERENCES audit_hit(id),
    question $TEXT NOT NULL,
    nth $INT NOT NULL,
    state $TEXT NOT NULL,
    progress $TEXT NOT NULL,
    failure $TEXT NOT NULL,
    answer $TEXT NOT NULL,
    answer_nth $INT NOT NULL,
    summary $TEXT NOT NULL,
    chosen $TEXT NOT NULL,
    chosen_by $TEXT NOT NULL,
    chosen_us $INT,
    asked_us $INT NOT NULL,
    answered_us $INT,
    UNIQUE (case_id, part)
) $STRICT;
CREATE TABLE affected_part_tag (
    affected_id $INT NOT NULL REFERENCES affected_part(id),
    tag $TEXT NOT NULL,
    status $TEXT NOT NULL,
    reason $TEXT NOT NULL,
    actor $TEXT NOT NULL,
    at_us $INT NOT NULL,
    PRIMARY KEY (affected_id, tag)
) $STRICT;
