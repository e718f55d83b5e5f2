-- SPDX-License-Identifier: Apache-2.0
-- Schema 2: a place to work in.  Tokens as in 0001.sql, and two more: a line that begins with
-- $LITE is for SQLite only, one that begins with $PG for PostgreSQL only.

-- ---- people ----
ALTER TABLE account ADD COLUMN notify $TEXT NOT NULL DEFAULT 'team'; -- team mine none
ALTER TABLE session ADD COLUMN how $TEXT NOT NULL DEFAULT 'link'; -- link password
CREATE INDEX session_account ON session (account_id);

-- What one key (an address, a login) did within a window of time (desk/throttle.h).
CREATE TABLE throttle (
    what $TEXT NOT NULL,                -- login report upload ...
    key $TEXT NOT NULL,
    from_us $INT NOT NULL,              -- begin of the window
    count $INT NOT NULL,
    PRIMARY KEY (what, key)
) $STRICT;

-- A record of a form of ours that lies in the spool: its private link works already and says so.
CREATE TABLE web_pending (
    hash $BLOB PRIMARY KEY,             -- SHA-256 of the secret of the way back
    thread_id $INT NOT NULL,            -- 0: a new report
    created_us $INT NOT NULL,
    message_id $INT                     -- quarantined: a person decides about that message
) $STRICT;
CREATE INDEX web_pending_thread ON web_pending (thread_id);

-- How far an account has read in a case: the newest message it was shown.
CREATE TABLE seen (
    account_id $INT NOT NULL REFERENCES account(id),
    case_id $INT NOT NULL REFERENCES vcase(id),
    message_id $INT NOT NULL,
    at_us $INT NOT NULL,
    PRIMARY KEY (account_id, case_id)
) $STRICT;
-- What was there before this schema counts as read.
INSERT INTO seen (account_id, case_id, message_id, at_us)
    SELECT a.id, n.case_id, n.newest, 0 FROM account a
    CROSS JOIN (SELECT case_id, max(id) AS newest FROM message WHERE case_id IS NOT NULL
                GROUP BY case_id) n;

-- The queue: its order, its filters (store/ops_queue.c).
ALTER TABLE vcase ADD COLUMN phase $TEXT NOT NULL DEFAULT ''; -- name of the derived phase
                                    -- (desk/phase.h), kept with every change of the case; '' only
                                    -- until the task 'index' has been there
CREATE INDEX vcase_open ON vcase (opened_us, id) WHERE closed_us IS NULL;
CREATE INDEX vcase_closed ON vcase (closed_us, id) WHERE closed_us IS NOT NULL;
CREATE INDEX vcase_opened ON vcase (opened_us, id);
CREATE INDEX clock_active ON clock (due_us, id)
    WHERE state = 'running' OR (state = 'missed' AND met_us IS NULL);
CREATE INDEX clock_active_case ON clock (case_id, due_us, id)
    WHERE state = 'running' OR (state = 'missed' AND met_us IS NULL);
CREATE INDEX message_waiting ON message (received_us, id) WHERE state IN ('held', 'quarantined');
CREATE INDEX message_news ON message (case_id, direction, state, id, received_us, author_id);

-- A reply or note being written; younger than a few minutes it says "a colleague is writing".
CREATE TABLE draft (
    account_id $INT NOT NULL REFERENCES account(id),
    case_id $INT NOT NULL REFERENCES vcase(id),
    thread_id $INT NOT NULL,            -- 0: the note
    text $TEXT NOT NULL,
    changed_us $INT NOT NULL,
    PRIMARY KEY (account_id, case_id, thread_id)
) $STRICT;
CREATE INDEX draft_case ON draft (case_id);

-- ---- mail ----
-- A reply that was undone before it went out: outbox.state and message.state 'cancelled'.
ALTER TABLE message ADD COLUMN origin $TEXT NOT NULL DEFAULT 'mail'; -- mail web imap import
ALTER TABLE message ADD COLUMN envelope $TEXT NOT NULL DEFAULT '';   -- JSON of the spool record's
                                                                     -- envelope, of what is held
ALTER TABLE outbox ADD COLUMN blob_id $INT REFERENCES blob(id); -- bytes are that blob, unchanged
ALTER TABLE outbox ADD COLUMN hop $TEXT NOT NULL DEFAULT '';    -- '' the submission server, 'next'
                                                                -- the next hop of a shared mailbox
ALTER TABLE outbox ADD COLUMN due_us $INT NOT NULL DEFAULT 0; -- not sent before; until then a
                                                            -- reply may be undone
ALTER TABLE outbox ADD COLUMN account_id $INT REFERENCES account(id); -- whom a notice goes to

-- What an account is told by mail, one row for each case and kind.  The tag is a secret of its own:
-- an answer to a notice becomes a note on the case (desk/notice.h).
CREATE TABLE notice (
    id $ID,
    account_id $INT NOT NULL REFERENCES account(id),
    case_id $INT REFERENCES vcase(id),  -- NULL: about the desk
    kind $TEXT NOT NULL,                -- report reply near escalated handover failed held ...
    tag $TEXT NOT NULL UNIQUE,
    created_us $INT NOT NULL,
    sent_us $INT,                       -- when the newest one was written
    waits $INT NOT NULL                 -- 1: one more follows when the pause is over
) $STRICT;
CREATE UNIQUE INDEX notice_of ON notice (account_id, kind, (COALESCE(case_id, 0)));

-- A mailbox that is polled, and how far.
CREATE TABLE mailbox (
    id $ID,
    name $TEXT NOT NULL UNIQUE,         -- URL and folder without the password
    uidvalidity $INT NOT NULL,
    uid $INT NOT NULL,                  -- the highest taken
    since_us $INT NOT NULL,             -- older mail is left alone; 0: all of it is wanted
    changed_us $INT NOT NULL
) $STRICT;

-- ---- search over titles, numbers, subjects and bodies ----
-- Both back ends get the same words, made by store/search_words.c.  The row of a message has its
-- id, the row of a case (number and title) its negative id, so that each is found, replaced and
-- forgotten by its key and a message that moves to another case needs no change here.
$LITE CREATE VIRTUAL TABLE search USING fts5(title, body, prefix = '3',
$LITE     tokenize = "unicode61 remove_diacritics 0");
$PG CREATE TABLE search (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
$PG CREATE INDEX search_words ON search USING gin (words);
-- What was there before is put in by a task of the desk, in steps.
INSERT INTO task (kind, key, lane, arg, fair, state, due_us, attempt, failures, patience, error,
                  created_us)
    VALUES ('index', 'index:0002', 3, '', '', 'ready', 0, 0, 0, 10, '', 0);

-- ---- third parties ----
CREATE TABLE route (
    id $ID,
    case_id $INT NOT NULL REFERENCES vcase(id),
    component $TEXT NOT NULL,
    maintainer $TEXT NOT NULL,          -- name of the team or person
    email $TEXT NOT NULL,
    url $TEXT NOT NULL,                 -- its policy or form
    source $TEXT NOT NULL,              -- where the contact is from
    source_date $TEXT NOT NULL,         -- of that, YYYY-MM-DD
    state $TEXT NOT NULL,               -- told asked consented refused forwarded answered closed
    participant_id $INT REFERENCES participant(id), -- the maintainer, once it takes part
    reporter_thread_id $INT REFERENCES thread(id),
    account_id $INT REFERENCES account(id),
    created_us $INT NOT NULL,
    changed_us $INT NOT NULL
) $STRICT;
CREATE INDEX route_case ON route (case_id);

-- ---- advisories ----
-- A number is given at publication: before, there is none that could be guessed.
CREATE TABLE advisory (
    id $ID,
    case_id $INT NOT NULL UNIQUE REFERENCES vcase(id),
    number $TEXT UNIQUE,                -- PREFIX-SA-YYYY-NNNN
    year $INT,
    nth $INT,
    state $TEXT NOT NULL,               -- of the newest revision: draft approved published;
                                        -- withdrawn is the end.  Public: published_us is set
    revision $INT NOT NULL,             -- the newest
    planned_us $INT,                    -- the newest revision is to be published then
    published_us $INT,                  -- first
    modified_us $INT,                   -- of the newest published revision, or the withdrawal
    withdrawn_us $INT,
    withdrawn_reason $TEXT NOT NULL
) $STRICT;
CREATE TABLE advisory_revision (
    id $ID,
    advisory_id $INT NOT NULL REFERENCES advisory(id),
    nth $INT NOT NULL,
    title $TEXT NOT NULL,
    body $TEXT NOT NULL,                -- Markdown
    facts $TEXT NOT NULL,               -- JSON: summary, severity, affected, fixed, timeline ...
                                        -- credits: only since publication
    summary $TEXT NOT NULL,             -- of the change, for the history
    author $TEXT NOT NULL,              -- as events name an actor
    author_id $INT REFERENCES account(id),
    created_us $INT NOT NULL,
    approver $TEXT NOT NULL,            -- '' not approved
    approver_id $INT REFERENCES account(id),
    approved_us $INT,
    published_us $INT,                  -- NULL: not public
    UNIQUE (advisory_id, nth)
) $STRICT;
CREATE TABLE credit (
    id $ID,
    case_id $INT NOT NULL REFERENCES vcase(id),
    participant_id $INT REFERENCES participant(id),
    name $TEXT NOT NULL,                -- as it is to be printed
    role $TEXT NOT NULL,                -- finder reporter analyst ... (CSAF and OSV words)
    decision $TEXT NOT NULL,            -- unasked asked named anonymous declined
    changed_us $INT NOT NULL
) $STRICT;
CREATE INDEX credit_case ON credit (case_id);

-- ---- the policy ----
-- Each text that is or was served; the highest id is served now.  Who wrote it and when is all that
-- its commit in the desk's repository is made of, so the repository can be made again from here.
CREATE TABLE policy_revision (
    id $ID,
    text $TEXT NOT NULL,
    commit_id $TEXT NOT NULL,           -- hex, in the desk's repository; '' until it is committed
    source $TEXT NOT NULL,              -- file proposal
    proposal_id $INT,
    author_name $TEXT NOT NULL,
    author_email $TEXT NOT NULL,
    authored_us $INT NOT NULL,
    committer_name $TEXT NOT NULL,
    committer_email $TEXT NOT NULL,
    message $TEXT NOT NULL,             -- of the commit
    at_us $INT NOT NULL
) $STRICT;
CREATE TABLE proposal (
    id $ID,
    state $TEXT NOT NULL,               -- open merged rejected case
    applies $INT NOT NULL,              -- 0 not tried yet, 1 yes, 2 no
    why $TEXT NOT NULL,                 -- it does not
    revision_id $INT NOT NULL,          -- the policy_revision that base_text is; 0 = none yet
    subject $TEXT NOT NULL,
    explanation $TEXT NOT NULL,
    author_name $TEXT NOT NULL,         -- '' anonymous
    author_email $TEXT NOT NULL,        -- '' none given
    reply_to $TEXT NOT NULL,            -- where the author is told; '' nowhere
    reply_mid $TEXT NOT NULL,           -- Message-ID to answer to, or ''
    base_text $TEXT NOT NULL,           -- the policy that new_text was made from
    new_text $TEXT NOT NULL,            -- '' of a patch that did not apply yet
    patch $TEXT NOT NULL,               -- as it came, '' of a form
    message_id $INT REFERENCES message(id),
    case_id $INT REFERENCES vcase(id),  -- it became that one
    account_id $INT REFERENCES account(id), -- who decided
    reason $TEXT NOT NULL,
    created_us $INT NOT NULL,
    decided_us $INT
) $STRICT;
CREATE INDEX proposal_state ON proposal (state);

-- ---- retention ----
ALTER TABLE vcase ADD COLUMN erased_us $INT; -- content is shredded, the chain stays

-- ---- what every page of a case looks up ----
CREATE INDEX clock_thread ON clock (thread_id);
CREATE INDEX thread_participant ON thread (participant_id);
CREATE INDEX session_thread ON session (thread_id);
CREATE INDEX way_back_thread ON way_back (thread_id);
CREATE INDEX way_back_use_of ON way_back_use (way_back_id);
CREATE INDEX case_alias_case ON case_alias (case_id);
CREATE INDEX route_thread ON route (reporter_thread_id);
CREATE INDEX blob_case ON blob (case_id);
CREATE INDEX outbox_message ON outbox (message_id);
CREATE INDEX outbox_thread ON outbox (thread_id);
CREATE INDEX vcase_joined ON vcase (joined_into) WHERE joined_into IS NOT NULL;
