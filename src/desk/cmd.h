/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_CMD_H
#define VULNDESK_DESK_CMD_H

#include "base/when.h"
#include "desk/desk.h"

/*
 * One door for the command line and for the forms of the pages: a verb, a JSON object, a JSON
 * answer. Arguments are checked strictly: an unknown or doubled name, a wrong type, a missing one
 * are RC_INVALID with the name.  "case" and "number" take a case number, "thread", "message" an id.
 *
 *   case.list      which? (open mine closed all)                   -> queue
 *   case.search    q, before? (of the page before)                 -> {"cases","next"}
 *   case.show      case                                            -> case
 *   case.reply     case or thread, text, wait?, token?, newest?    -> {"message","thread"}
 *   case.note      case, text, token?                              -> {"message"}
 *   case.undo      message             (a reply that still waits)  -> {"thread"}
 *   case.hurry     message             (that one goes out now)
 *   case.draft     case, thread? (none: the note), text, token?    -> {"kept"}
 *   case.assign    case, login, reason
 *   case.set       case, one or more of: title, severity, rm, em + until, cs, fact + value, exit;
 *                  reason (not for title and severity)
 *   case.join      into, case, reason
 *   case.split     thread, title, reason                           -> {"number"}
 *   case.move      thread, to, reason
 *   case.close     case, exit?, reason
 *   case.erase     case, reason         (closed ones; desk/erase.h)
 *   case.invite    case, role, name, email                         -> {"participant","thread"}
 *   case.revoke    thread              (all ways back of it)
 *   third.contacts                                                 -> {"components":[...]}
 *   third.list     case                                            -> {"routes":[...]}
 *   third.tell     case, component, thread?, maintainer?, email?, url?, source?, source_date?,
 *                  ask?                                            -> {"route"}
 *   third.consent  route, answer (named unnamed no), reason
 *   third.forward  route, note?
 *   third.close    route, reason
 *   third.answer   answer              (a reporter's session only)
 *   quarantine.list    state?                                      -> held list
 *   quarantine.show    message                                     -> one, with body
 *   quarantine.release message, number?, reason                    -> {"number","kind"}
 *   quarantine.discard message, reason
 *   quarantine.pass    message, reason  (no report: passed on, or left in its mailbox)
 *   import.begin       -                        -> {"mark"}, of the records (administrators)
 *   import.status      spools: [ids]            -> {"messages":[{"spool","kind","number"}]}
 *   quarantine.many    messages (ids), decision (spam discard), reason -> {"done","left"}
 *   user.list                                                      -> {"users":[...]}
 *   user.add       login, name, email, role, weight?
 *   user.signin    login                                           -> {"url","secret"}
 *   user.reset     login    (no password, no session any more)     -> {"url","secret"}
 *   user.passwd    login, password
 *   user.on        login
 *   user.off       login                                           -> {"cases"}
 *   user.notify    login, what         (team mine none)
 *   user.away      login, from?, until?  (RFC 3339; neither = back now)
 *   waiting.list                                                   -> {"waiting":[...],"clocks"}
 *   waiting.send   task or kind                                    -> {"done"}
 *   waiting.drop   task or kind, reason                            -> {"done"}
 *   waiting.clocks (the clocks that wait go on)                    -> {"clocks"}
 *   affected.show      case, part?                                 -> state, releases, ranges ...
 *   affected.ask       case, part?, fix?, introduced?, at?: lines (desk/affected.h); part: of a
 *                      place that joined the case
 *   affected.again     case, part?
 *   affected.keep      case: the newest answer becomes the fact "scoped"
 *   affected.choose    case, part?, candidate, answer (that was looked at); without both: choice
 *                      taken back
 *   affected.decide    case, part?, tag, status, reason; without a status: decision taken back
 *   audit.show     case, format? (csv)    -> hits, decisions, the record (desk/audit.h); {"csv"}
 *   audit.ask      case, fix?, like?, hunks?, branches?, repositories?, limit?, cut?,
 *                  rules?
 *   audit.again    case
 *   audit.cut      case, cut
 *   audit.decide   case, keys (of places, a space between), verdict? (same_flaw safe unsure; none:
 *                  taken back), reason?                            -> {"open"}
 *   audit.sign     case, digest (of what was looked at)            -> {"open"}
 *   audit.unsign   case, reason
 *   audit.fix      case, part, fix?: the affected versions of a place that joined
 *   line.list                                                      -> the register (desk/lines.h)
 *   line.set       line?, name, branch or tags, until?, build?, tests?, root?, maintained? (yes
 *                  no), reason?                                    -> {"line"}
 *   line.remove    line, reason
 *   line.fill      (filled and checked from the repository and the policy)
 *   backport.show      case                                        -> lines, verdicts, tests ...
 *   backport.ask       case, fix?, lines? (names of the register)
 *   backport.again     case
 *   backport.accept    case, line, answer (that was looked at), tree, reason?
 *   backport.waive     case, line, reason
 *   backport.reopen    case, line, reason?
 *   backport.edit      case, line, patch (text) or patch64 (base64; a bundle too), reason?
 *   backport.message   case, message? (none: the engine's)
 *   backport.test      case, line? (none: all that want it)
 *   backport.untested  case, line, reason? (none: taken back)
 *   backport.patch     case, line                                  -> {"patch"}: a mail for git am
 *   backport.release   case, line? (none: all that are ready), entire? (message)
 *   backport.bundle    case, line                                  -> {"bundle64"}
 *   backport.signers                                               -> {"signers"}: who signs
 *   backport.log       case, run                                   -> {"log"}
 *   reproducer.add     case, name, script or script64, source?     -> {"reproducer"}
 *   reproducer.approve case, reproducer, sha256 (of exactly what may run)
 *   reproducer.revoke  case, reproducer, reason
 *   reproducer.run     case, reproducer
 *   reproducer.script  case, reproducer                            -> {"script64"}
 *   advisory.show      case                                        -> advisory
 *   advisory.list                                                  -> {"advisories":[...]}
 *   advisory.edit      case, revision?, title?, summary?, severity?, cvss?, cve?, affected?,
 * fixed?, references?, timeline?, text?, change?      -> {"revision"} advisory.approve   case,
 * revision advisory.publish   case, revision, at?  (RFC 3339)             -> {"state","number"}
 *   advisory.unplan    case
 *   advisory.withdraw  case, reason
 *   advisory.mail      case, mail, do (again or leave): one of unknown fate
 *   advisory.credit    case, credit?, name?, role, decision
 *   advisory.ask       case, credit
 *   policy.list    state? (open merged rejected case)              -> {"proposals":[...]}
 *   policy.show    proposal                                        -> one, with diff and behaviour
 *   policy.merge   proposal, revision?  (that it was looked at on)
 *   policy.reject  proposal, reason
 *   policy.answer  proposal, text
 *   policy.case    proposal, reason                                -> {"number"}
 *   policy.export  proposal?                                       -> {"patches"}
 *   reporter.credit decision, name?      (the same)
 *
 * Without a result of its own a verb answers {"ok":true}.  A "case.set" with several names is done
 * name by name in the order above; the first failure stops and is reported.
 */
#define CMD_ARGS_MAX (512 * 1024)    /* bytes of the JSON text */
#define CMD_ONCE_US  (10 * US_PER_S) /* the same mail of the same person in that time is one */

enum rc desk_cmd(struct desk *d, const struct actor *who, struct str verb, const json_t *args,
                 json_t **ret, struct err *e) WARN_UNUSED;

/* The same from and to text; a failure is {"error":{"code","message"}} and its rc. */
enum rc desk_cmd_text(struct desk *d, const struct actor *who, struct str verb, struct str args,
                      struct buf *ret, struct err *e) WARN_UNUSED;

#endif
