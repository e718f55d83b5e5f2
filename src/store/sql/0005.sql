-- SPDX-License-Identifier: Apache-2.0
-- Schema 5: release lines under maintenance, and the backports of a case.  Tokens as in 0002.sql.

-- The register of lines (desk/lines.h).
CREATE TABLE release_line (
    id $ID,
    name $TEXT NOT NULL UNIQUE,
    branch $TEXT NOT NULL,              -- a branch, or
    tags $TEXT NOT NULL,                -- a pattern of release tags; one of the two is ''
    until_us $INT,                      -- supported until
    build $TEXT NOT NULL,               -- command that builds it, '' none
    tests $TEXT NOT NULL,               -- command that runs its tests, '' none
    root $TEXT NOT NULL,                -- folder or tar of its root filesystem, '' the machine's
    maintained $INT NOT NULL,
    source $TEXT NOT NULL,              -- person settings policy repository
    changed_by $TEXT NOT NULL,          -- as events name an actor
    changed_us $INT NOT NULL,
    tip $TEXT NOT NULL,                 -- of the last look: branch or newest tag, '' none
    tip_commit $TEXT NOT NULL,
    tip_us $INT,
    problem $TEXT NOT NULL              -- of the last look, a sentence
) $STRICT;
-- One row: the look into the repository that fills and checks the register.
CREATE TABLE release_look (
    id $INT PRIMARY KEY,                -- 1
    nth $INT NOT NULL,
    state $TEXT NOT NULL,               -- asked answered failed
    progress $TEXT NOT NULL,
    failure $TEXT NOT NULL,
    asked_by $TEXT NOT NULL,
    asked_us $INT NOT NULL,
    answered_us $INT
) $STRICT;

-- What is asked about a case's fix; every question, and every run again of open lines, raises nth
-- and orders a job.
CREATE TABLE backport (
    id $ID,
    case_id $INT NOT NULL UNIQUE REFERENCES vcase(id),
    question $TEXT NOT NULL,            -- JSON: fix, lines
    nth $INT NOT NULL,
    state $TEXT NOT NULL,               -- asked answered failed
    progress $TEXT NOT NULL,
    failure $TEXT NOT NULL,
    head $TEXT NOT NULL,                -- JSON of the newest answer: fix, notes; '' none
    answer_nth $INT NOT NULL,
    message $TEXT NOT NULL,             -- of the commits, by a person; '' the engine's
    summary $TEXT NOT NULL,             -- "2 of 3 lines ready"
    asked_by $TEXT NOT NULL,
    asked_us $INT NOT NULL,
    answered_us $INT
) $STRICT;

-- One line of it: the newest answer, and what a person decided.
CREATE TABLE backport_line (
    id $ID,
    backport_id $INT NOT NULL REFERENCES backport(id),
    name $TEXT NOT NULL,                -- of the register
    onto $TEXT NOT NULL,                -- what the engine is asked for: a branch or a tag
    place $INT NOT NULL,                -- order: newest first
    wanted $INT NOT NULL,               -- 1: of the newest question
    nth $INT NOT NULL,                  -- of the answer; 0 none
    state $TEXT NOT NULL,               -- asked answered failed
    failure $TEXT NOT NULL,
    verdict $TEXT NOT NULL,             -- of that answer, '' none
    record $TEXT NOT NULL,              -- JSON of that answer (engine/backport/record.h), '' none
    decision $TEXT NOT NULL,            -- '' accepted edited waived
    reason $TEXT NOT NULL,
    actor $TEXT NOT NULL,
    account_id $INT REFERENCES account(id),
    decided_us $INT,
    tree $TEXT NOT NULL,                -- what is settled, ids in the case's object store
    made $TEXT NOT NULL,
    base $TEXT NOT NULL,                -- the line's newest commit then
    blob_id $INT REFERENCES blob(id),   -- and its patch
    edit_state $TEXT NOT NULL,          -- '' asked failed: of what was uploaded last
    edit_failure $TEXT NOT NULL,
    edit_reason $TEXT NOT NULL,
    edit_tree $TEXT NOT NULL,           -- that has to come out of it, '' any
    edit_nth $INT NOT NULL,
    edit_blob $INT REFERENCES blob(id), -- the uploaded bytes while the job has not taken them in
    edit_by $TEXT NOT NULL,
    edit_account $INT REFERENCES account(id),
    untested $TEXT NOT NULL,            -- why it counts without tests, '' it does not
    untested_by $TEXT NOT NULL,
    untested_us $INT,
    UNIQUE (backport_id, name)
) $STRICT;

-- A settled line on its way out: its signed commit as a bundle.
CREATE TABLE backport_release (
    line_id $INT PRIMARY KEY REFERENCES backport_line(id),
    nth $INT NOT NULL,                  -- raised by every order and every step of it
    state $TEXT NOT NULL,               -- '' none, asked signed given failed
    failure $TEXT NOT NULL,
    made $TEXT NOT NULL,                -- the settled candidate that it is of
    entire $INT NOT NULL,               -- 1: the message with what was taken out of it
    branch $TEXT NOT NULL,              -- full name of the private branch
    object $TEXT NOT NULL,              -- the commit's bytes from signed on, '' none
    commit_id $TEXT NOT NULL,
    blob_id $INT REFERENCES blob(id),   -- the bundle
    asked_by $TEXT NOT NULL,
    asked_us $INT NOT NULL,
    given_us $INT
) $STRICT;

-- Scripts that are said to show the flaw.
CREATE TABLE reproducer (
    id $ID,
    case_id $INT NOT NULL REFERENCES vcase(id),
    name $TEXT NOT NULL,
    source $TEXT NOT NULL,
    sha256 $TEXT NOT NULL,              -- hex, of the bytes
    size $INT NOT NULL,
    blob_id $INT REFERENCES blob(id),   -- NULL: erased
    added_by $TEXT NOT NULL,
    added_us $INT NOT NULL,
    approved $TEXT NOT NULL,            -- the hash that was approved, '' none
    approved_by $TEXT NOT NULL,
    approved_us $INT,
    revoked_by $TEXT NOT NULL,
    revoked_why $TEXT NOT NULL,
    revoked_us $INT
) $STRICT;
CREATE INDEX reproducer_case ON reproducer (case_id);

-- A run in the sandbox: of a line's tests, or of a script on many trees.
CREATE TABLE sandbox_run (
    id $ID,
    case_id $INT NOT NULL REFERENCES vcase(id),
    line_id $INT REFERENCES backport_line(id),  -- tests
    reproducer_id $INT REFERENCES reproducer(id),
    question $TEXT NOT NULL,            -- JSON: what runs on what
    state $TEXT NOT NULL,               -- asked answered failed cancelled
    progress $TEXT NOT NULL,
    result $TEXT NOT NULL,              -- tests: pass fail untested; '' none yet
    why $TEXT NOT NULL,
    answer $TEXT NOT NULL,              -- JSON, '' none; without the log
    made $TEXT NOT NULL,                -- tests: the commit that was tested
    log_blob $INT REFERENCES blob(id),
    asked_by $TEXT NOT NULL,
    asked_us $INT NOT NULL,
    ended_us $INT
) $STRICT;
CREATE INDEX sandbox_run_case ON sandbox_run (case_id);
