-- SPDX-License-Identifier: Apache-2.0
-- Schema 3: the affected versions of a case.  Tokens as in 0002.sql.

-- What is asked about a case's flaw, and the newest answer.  Every change of the question and every
-- decision raises nth and orders a job; an answer counts when it is for nth.
CREATE TABLE affected (
    id $ID,
    case_id $INT NOT NULL UNIQUE REFERENCES vcase(id),
    question $TEXT NOT NULL,            -- JSON: fix (list of lists), introduced, at
    nth $INT NOT NULL,
    state $TEXT NOT NULL,               -- asked answered failed
    progress $TEXT NOT NULL,            -- of the job, words
    failure $TEXT NOT NULL,             -- why there is no answer to nth
    answer $TEXT NOT NULL,              -- JSON (engine/affected/whole.h), '' before the first
    answer_nth $INT NOT NULL,
    summary $TEXT NOT NULL,             -- of the answer, a line
    chosen $TEXT NOT NULL,              -- JSON: the affected tags of the candidate that a person
                                        -- chose, '' none
    chosen_by $TEXT NOT NULL,           -- as events name an actor
    chosen_us $INT,
    asked_us $INT NOT NULL,
    answered_us $INT
) $STRICT;
-- What a person decided about one tag, whatever the engine finds.
CREATE TABLE affected_tag (
    affected_id $INT NOT NULL REFERENCES affected(id),
    tag $TEXT NOT NULL,
    status $TEXT NOT NULL,              -- affected fixed not_affected unknown
    reason $TEXT NOT NULL,
    actor $TEXT NOT NULL,
    at_us $INT NOT NULL,
    PRIMARY KEY (affected_id, tag)
) $STRICT;

-- The answer as an advisory shows it, frozen with the revision; '' none.
ALTER TABLE advisory_revision ADD COLUMN picture $TEXT NOT NULL DEFAULT '';
