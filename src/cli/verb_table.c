/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands to the running desk.  Runs as the user who typed one; no input but the
 * words that it looks up.
 */
#include "cli/verb_table.h"

#include <string.h>

#include "base/attr.h"

#define TEXT(key)                                                                                  \
    {                                                                                              \
        "--" key, key, OPT_TEXT                                                                    \
    }
#define NUMBER(key)                                                                                \
    {                                                                                              \
        "--" key, key, OPT_NUMBER                                                                  \
    }
#define FLAG(key)                                                                                  \
    {                                                                                              \
        "--" key, key, OPT_FLAG                                                                    \
    }
#define REASON TEXT("reason")
#define NO_WORDS                                                                                   \
    {                                                                                              \
        NULL                                                                                       \
    }
#define NO_OPTIONS                                                                                 \
    {                                                                                              \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }

/* clang-format off */
const struct command commands[] = {
{"case", "list", "case.list", NO_WORDS, {TEXT("which")}, TEXT_NONE, false,
  "[--which open|mine|closed|all]", "the queue"},
{"case", "search", "case.search", {"*q"}, {NUMBER("before")}, TEXT_NONE, false,
  "WORDS [--before ID]", "cases by number, title, subject, messages and notes"},
{"case", "show", "case.show", {"case"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER", "all of one case"},
{"case", "reply", "case.reply", {"case"}, {NUMBER("thread"), FLAG("wait")}, TEXT_MUST, false,
  "NUMBER [--thread ID] [--wait] [--text TEXT | --file FILE]",
  "mail to the reporter; --wait: we wait for an answer, the clocks pause"},
{"case", "undo", "case.undo", {"#message"}, NO_OPTIONS, TEXT_NONE, false,
  "MESSAGE", "take a reply back that has not gone out yet"},
{"case", "send-now", "case.hurry", {"#message"}, NO_OPTIONS, TEXT_NONE, false,
  "MESSAGE", "or send it without the wait"},
{"case", "note", "case.note", {"case"}, NO_OPTIONS, TEXT_MUST, false,
  "NUMBER [--text TEXT | --file FILE]", "for the team only"},
{"case", "assign", "case.assign", {"case"}, {{"--to", "login", OPT_TEXT}, REASON}, TEXT_NONE, false,
  "NUMBER --to LOGIN --reason TEXT", "hand the case over"},
{"case", "set", "case.set", {"case"},
  {TEXT("title"), TEXT("severity"), TEXT("rm"), TEXT("em"), TEXT("until"), TEXT("cs"), TEXT("fact"),
   TEXT("value"), TEXT("exit"), REASON}, TEXT_NONE, false,
  "NUMBER [--title T] [--severity S] [--rm S] [--em E [--until TIME]] [--cs F]\n"
  "        [--fact F --value V] [--exit E] [--reason TEXT]", "facts and states"},
{"case", "join", "case.join", {"into", "case"}, {REASON}, TEXT_NONE, false,
  "INTO NUMBER --reason TEXT", "make two cases one"},
{"case", "split", "case.split", {"#thread"}, {TEXT("title"), REASON}, TEXT_NONE, false,
  "THREAD --title TEXT --reason TEXT", "make a conversation a case of its own"},
{"case", "move", "case.move", {"#thread", "to"}, {REASON}, TEXT_NONE, false,
  "THREAD NUMBER --reason TEXT", "move a conversation to another case"},
{"case", "invite", "case.invite", {"case"}, {TEXT("role"), TEXT("name"), TEXT("email")}, TEXT_NONE,
  false, "NUMBER --role ROLE --name NAME --email ADDRESS",
  "let somebody take part, with a conversation of their own"},
{"case", "revoke", "case.revoke", {"#thread"}, NO_OPTIONS, TEXT_NONE, false,
  "THREAD", "end the private links and sessions of a reporter"},
{"case", "close", "case.close", {"case"}, {TEXT("exit"), REASON}, TEXT_NONE, false,
  "NUMBER [--exit EXIT] --reason TEXT", "close it"},
{"case", "erase", "case.erase", {"case"}, {REASON}, TEXT_NONE, false,
  "NUMBER --reason TEXT", "shred the content of a closed case, for good"},
{"case", "raw", "message.fetch", {"#message"}, {NUMBER("part")}, TEXT_NONE, true,
  "MESSAGE [--part N]", "the mail as it came, or one part of it"},

{"case", "affected", "affected.show", {"case"}, {NUMBER("part")}, TEXT_NONE, false,
  "NUMBER [--part N]", "which releases are affected, as found and decided; --part: of a place\n"
  "        that an audit found and that joined the case"},
{"case", "affected-ask", "affected.ask", {"case"},
  {NUMBER("part"), TEXT("fix"), TEXT("introduced"), TEXT("at")},
  TEXT_NONE, false, "NUMBER [--part N] [--fix LINES] [--introduced REVS] [--at LINES]",
  "find them from the history: a line of fixes each thing that has to be there,\n"
  "        its words alternatives; at: PATH:START-END"},
{"case", "affected-again", "affected.again", {"case"}, {NUMBER("part")}, TEXT_NONE, false,
  "NUMBER [--part N]", "the same question again, for new releases"},
{"case", "affected-choose", "affected.choose", {"case"},
  {NUMBER("part"), NUMBER("candidate"), NUMBER("answer")},
  TEXT_NONE, false, "NUMBER [--part N] [--candidate N --answer N]",
  "choose where the flaw came in; without options take the choice back"},
{"case", "affected-keep", "affected.keep", {"case"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER", "the newest answer becomes the affected versions of the case"},
{"case", "affected-decide", "affected.decide", {"case", "tag"},
  {NUMBER("part"), TEXT("status"), REASON}, TEXT_NONE,
  false, "NUMBER TAG [--part N] [--status S --reason TEXT]",
  "decide about one release; without options take that back"},

{"case", "audit", "audit.show", {"case"}, {TEXT("format")}, TEXT_NONE, false,
  "NUMBER [--format csv]", "places with similar code, what was decided about them, and the record:\n"
  "        what was searched, how far, by whom"},
{"case", "audit-ask", "audit.ask", {"case"},
  {TEXT("fix"), TEXT("like"), TEXT("hunks"), TEXT("branches"), TEXT("repositories"), TEXT("limit"),
   TEXT("cut"), TEXT("rules")}, TEXT_NONE, false,
  "NUMBER [--fix REVS] [--like LINES] [--hunks LINES] [--branches PATTERNS]\n"
  "        [--repositories NAMES] [--limit N] [--cut SCORE] [--rules TEXT]",
  "search for places like the one that was flawed; like: PATH:START-END at REV;\n"
  "        without both the fix of the affected versions"},
{"case", "audit-again", "audit.again", {"case"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER", "the same search again, for new commits"},
{"case", "audit-cut", "audit.cut", {"case", "cut"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER SCORE", "list the places with at least that score"},
{"case", "audit-decide", "audit.decide", {"case", "*keys"}, {TEXT("verdict"), REASON}, TEXT_NONE,
  false, "NUMBER KEY... [--verdict same_flaw|safe|unsure] [--reason TEXT]",
  "decide about places; without a verdict take that back"},
{"case", "audit-fix", "audit.fix", {"case"}, {NUMBER("part"), TEXT("fix")}, TEXT_NONE, false,
  "NUMBER --part N [--fix LINES]", "affected versions of a place that joined the case"},
{"case", "audit-sign", "audit.sign", {"case", "digest"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER DIGEST", "sign what others decided, as it was shown with that digest"},
{"case", "audit-unsign", "audit.unsign", {"case"}, {REASON}, TEXT_NONE, false,
  "NUMBER --reason TEXT", "take the sign-off and one's own signatures back"},

{"case", "backport-release", "backport.release", {"case"}, {TEXT("line"), FLAG("entire")},
  TEXT_NONE, false, "NUMBER [--line LINE] [--entire]",
  "sign the commits of the lines that are ready; --line: this one, anew;\n"
  "        --entire: with all of the message, once the flaw is public"},
{"case", "backport-bundle", "backport.bundle", {"case", "line"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER LINE", "the signed commit of a line as a git bundle, to standard output"},
{"case", "backport-signers", "backport.signers", NO_WORDS, NO_OPTIONS, TEXT_NONE, false,
  "", "the key that signs them, as a file for git's gpg.ssh.allowedSignersFile"},

{"third-party", "contacts", "third.contacts", NO_WORDS, NO_OPTIONS, TEXT_NONE, false,
  "", "components and their maintainers"},
{"third-party", "list", "third.list", {"case"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER", "where a case was routed to"},
{"third-party", "tell", "third.tell", {"case", "component"},
  {NUMBER("thread"), TEXT("maintainer"), TEXT("email"), TEXT("url"), TEXT("source"),
   {"--date", "source_date", OPT_TEXT}, FLAG("ask")}, TEXT_NONE, false,
  "NUMBER COMPONENT [--thread ID] [--maintainer NAME] [--email ADDRESS] [--url URL]\n"
  "        [--source TEXT] [--date YYYY-MM-DD] [--ask]",
  "tell the reporter where it belongs; --ask: whether we may forward it"},
{"third-party", "consent", "third.consent", {"#route"}, {TEXT("answer"), REASON}, TEXT_NONE, false,
  "ROUTE --answer named|unnamed|no --reason TEXT", "record the reporter's answer"},
{"third-party", "forward", "third.forward", {"#route"}, {TEXT("note")}, TEXT_NONE, false,
  "ROUTE [--note TEXT]", "mail the report to the maintainer"},
{"third-party", "close", "third.close", {"#route"}, {REASON}, TEXT_NONE, false,
  "ROUTE --reason TEXT", "nothing more is expected"},

{"quarantine", "list", "quarantine.list", NO_WORDS, {TEXT("state")}, TEXT_NONE, false,
  "[--state held|quarantined|spam]", "messages that wait for a decision"},
{"quarantine", "show", "quarantine.show", {"#message"}, NO_OPTIONS, TEXT_NONE, false,
  "MESSAGE", "one of them"},
{"quarantine", "release", "quarantine.release", {"#message"},
  {{"--case", "number", OPT_TEXT}, REASON}, TEXT_NONE, false,
  "MESSAGE [--case NUMBER] --reason TEXT", "let it in: a new case, or into that one"},
{"quarantine", "pass", "quarantine.pass", {"#message"}, {REASON}, TEXT_NONE, false,
  "MESSAGE --reason TEXT", "no report: passed on, or left where it lies"},
{"quarantine", "discard", "quarantine.discard", {"#message"}, {REASON}, TEXT_NONE, false,
  "MESSAGE --reason TEXT", "throw it away"},
{"quarantine", "raw", "message.fetch", {"#message"}, {NUMBER("part")}, TEXT_NONE, true,
  "MESSAGE [--part N]", "the mail as it came, or one part of it"},

{"advisory", "list", "advisory.list", NO_WORDS, NO_OPTIONS, TEXT_NONE, false,
  "", "all; first what is not public yet"},
{"advisory", "show", "advisory.show", {"case"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER", "that of a case, with its revisions"},
{"advisory", "edit", "advisory.edit", {"case"},
  {TEXT("title"), TEXT("summary"), TEXT("severity"), TEXT("cvss"), TEXT("cve"), TEXT("affected"),
   TEXT("fixed"), TEXT("references"), TEXT("timeline"), TEXT("change")}, TEXT_MAY, false,
  "NUMBER [--title T] [--summary T] [--severity S] [--cvss V] [--cve LINES]\n"
  "        [--affected LINES] [--fixed LINES] [--references LINES]\n"
  "        [--timeline LINES] [--change T] [--text TEXT | --file FILE]",
  "write a new revision"},
{"advisory", "approve", "advisory.approve", {"case"}, {NUMBER("revision")}, TEXT_NONE, false,
  "NUMBER --revision N", "by a second person, where there is one"},
{"advisory", "publish", "advisory.publish", {"case"}, {NUMBER("revision"), TEXT("at")}, TEXT_NONE,
  false, "NUMBER --revision N [--at TIME]", "make it public, now or then"},
{"advisory", "unplan", "advisory.unplan", {"case"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER", "not at the planned time after all"},
{"advisory", "withdraw", "advisory.withdraw", {"case"}, {REASON}, TEXT_NONE, false,
  "NUMBER --reason TEXT", "end it, with a reason for the public"},
{"advisory", "ask", "advisory.ask", {"case", "#credit"}, NO_OPTIONS, TEXT_NONE, false,
  "NUMBER CREDIT", "ask somebody how to be named"},
{"advisory", "credit", "advisory.credit", {"case"},
  {NUMBER("credit"), TEXT("name"), TEXT("role"), TEXT("decision")}, TEXT_NONE, false,
  "NUMBER [--credit N] --role ROLE --decision named|anonymous|declined [--name NAME]",
  "record how somebody is named"},
{"advisory", "mail", "advisory.mail", {"case", "#mail"}, {TEXT("do")}, TEXT_NONE, false,
  "NUMBER MAIL --do again|leave", "decide about a mail of which nobody knows whether it went out"},

{"policy", "list", "policy.list", NO_WORDS, {TEXT("state")}, TEXT_NONE, false,
  "[--state open|merged|rejected|case]", "proposals"},
{"policy", "show", "policy.show", {"#proposal"}, NO_OPTIONS, TEXT_NONE, false,
  "PROPOSAL", "the difference of the text and of what the desk would do"},
{"policy", "merge", "policy.merge", {"#proposal"}, {NUMBER("revision")}, TEXT_NONE, false,
  "PROPOSAL [--revision N]", "serve and follow the new text"},
{"policy", "reject", "policy.reject", {"#proposal"}, {REASON}, TEXT_NONE, false,
  "PROPOSAL --reason TEXT", "with a reason that the author is told"},
{"policy", "answer", "policy.answer", {"#proposal"}, NO_OPTIONS, TEXT_MUST, false,
  "PROPOSAL [--text TEXT | --file FILE]", "mail to the author"},
{"policy", "case", "policy.case", {"#proposal"}, {REASON}, TEXT_NONE, false,
  "PROPOSAL --reason TEXT", "it is a report: make it a case"},
{"policy", "export", "policy.export", NO_WORDS, {NUMBER("proposal")}, TEXT_NONE, false,
  "[--proposal N]", "what was merged, for git am"},

{"user", "list", "user.list", NO_WORDS, NO_OPTIONS, TEXT_NONE, false,
  "", "all accounts"},
{"user", "add", "user.add", {"login"},
  {TEXT("name"), TEXT("email"), TEXT("role"), NUMBER("weight")}, TEXT_NONE, false,
  "LOGIN --name NAME --email ADDRESS --role handler|admin [--weight N]",
  "make one; weight: its share of new cases"},
{"user", "signin", "user.signin", {"login"}, NO_OPTIONS, TEXT_NONE, false,
  "LOGIN", "print a one-time link"},
{"user", "passwd", "user.passwd", {"login", "!password"}, NO_OPTIONS, TEXT_NONE, false,
  "LOGIN", "set a password; it is asked for"},
{"user", "reset", "user.reset", {"login"}, NO_OPTIONS, TEXT_NONE, false,
  "LOGIN", "take password, sessions and links away, print a new link"},
{"user", "on", "user.on", {"login"}, NO_OPTIONS, TEXT_NONE, false,
  "LOGIN", "may sign in and get cases"},
{"user", "off", "user.off", {"login"}, NO_OPTIONS, TEXT_NONE, false,
  "LOGIN", "may not"},
{"user", "notify", "user.notify", {"login", "what"}, NO_OPTIONS, TEXT_NONE, false,
  "LOGIN team|mine|none", "of which cases it is told by mail"},
{"user", "away", "user.away", {"login"}, {TEXT("from"), TEXT("until")}, TEXT_NONE, false,
  "LOGIN [--from TIME] [--until TIME]", "an absence; without times, its end"},

{"waiting", "list", "waiting.list", NO_WORDS, NO_OPTIONS, TEXT_NONE, false,
  "", "what waits for a person"},
{"waiting", "send", "waiting.send", NO_WORDS, {NUMBER("task"), TEXT("kind")}, TEXT_NONE, false,
  "--task NUMBER | --kind KIND", "do it now"},
{"waiting", "drop", "waiting.drop", NO_WORDS, {NUMBER("task"), TEXT("kind"), REASON}, TEXT_NONE,
  false, "--task NUMBER | --kind KIND, --reason TEXT", "never do it"},
{"waiting", "clocks", "waiting.clocks", NO_WORDS, NO_OPTIONS, TEXT_NONE, false,
  "", "let the clocks of a restored desk go on"},
};
/* clang-format on */
const size_t commands_n = ARRAY_LEN(commands);

const struct command *command_find(const char *group, const char *name)
{
    for (size_t i = 0; i < commands_n; i++)
        if (strcmp(commands[i].group, group) == 0 && strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}
