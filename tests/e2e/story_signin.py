# SPDX-License-Identifier: Apache-2.0
"""Getting in: with a link, with a password, with neither; and the page of one's own account.

VULNDESK_LOOK=FOLDER makes a picture of every page, to look at.
"""
import re
import urllib.parse

from browser import browse, expect, glanced_at, looked_at
from desk import Desk, check, equal, report, until

GOOD, NEXT = "violet anchor seven", "amber lantern nine"
TRIES = 10  # AUTH_LOGIN_MAX of desk/auth.h
SAM = "sam@desk.example"


def with_sam(d, password=None):
    d.start()
    d.cli("user", "add", "sam", "--name", "Sam Example", "--email", SAM, "--role", "handler")
    if password:
        d.cli("user", "passwd", "sam", input=password + "\n")
    return f"http://127.0.0.1:{d.staff}"


def enter(login, password):
    return [{"do": "fill", "label": "Login", "value": login},
            {"do": "fill", "label": "Password", "value": password}]


def try_in(d, login, password, **more):
    """(status, cookie or None, page) of the form, sent as a browser sends it."""
    data = urllib.parse.urlencode({"login": login, "password": password, **more}).encode()
    status, headers, page = d.get("/signin", staff=True, data=data, follow=False)
    cookie = headers.get("Set-Cookie")
    return status, cookie.split(";")[0] if cookie else None, page


def story_a_link_leads_to_a_password_and_the_password_in():
    with Desk() as d:
        staff, jar = with_sam(d), d.dir / "jar"
        link = d.cli("user", "signin", "sam")["url"]
        browse([{"do": "open", "url": link}] + expect("Sign in") + glanced_at("signin-link") +
               [{"do": "click", "text": "Sign in"}] + expect("Set a password under your name") +
               looked_at("queue-empty") +
               [{"do": "click", "role": "link", "text": "Sam Example"}] +
               expect("Your account", SAM, "Set a password", "this one") + glanced_at("account-new") +
               [{"do": "fill", "label": "New password", "value": "password123"},
                {"do": "fill", "label": "New password again", "value": "password123"},
                {"do": "click", "text": "Set the password", "refused": staff + "/account/password"}] +
               expect("anybody would try") + glanced_at("account-refused") +
               [{"do": "fill", "label": "New password", "value": GOOD},
                {"do": "fill", "label": "New password again", "value": GOOD},
                {"do": "click", "text": "Set the password"}] +
               expect("The new password is set.") +
               [{"do": "click", "text": "Sign out", "refused": staff + "/"}] +
               expect("Please sign in") + glanced_at("signin-form") +
               enter("sam", "violet anchor eight") +
               [{"do": "click", "text": "Sign in", "refused": staff + "/signin"}] +
               expect("Login or password is wrong.") + looked_at("signin-wrong") +
               enter("sam", GOOD) + [{"do": "click", "text": "Sign in"}] + expect("Cases", "Sam Example"),
               state=jar)
        # in Chromium with the session that the password gave
        browse([{"do": "open", "url": staff + "/account"}] +
               expect("Current password", "with the password") + looked_at("account") +
               [{"do": "fill", "label": "Current password", "value": GOOD},
                {"do": "fill", "label": "New password", "value": NEXT},
                {"do": "fill", "label": "New password again", "value": NEXT},
                {"do": "click", "text": "Change the password"}] + expect("The new password is set.") +
               [{"do": "check", "label": "cases that I handle"},
                {"do": "click", "text": "Save the choice"}] + expect("Your choice is saved.") +
               [{"do": "fill", "label": "Until", "value": "2031-01-24T15:00"},
                {"do": "click", "text": "Save the absence"}] + expect("Your absence is saved.", "You are away until") +
               glanced_at("account-away") +
               [{"do": "click", "text": "I am back"}] + expect("You are no longer marked as away.") +
               [{"do": "click", "text": "Sign out everywhere", "refused": staff + "/"}] +
               expect("Please sign in"), state=jar)
        equal(try_in(d, "sam", GOOD)[0], 403, "the password of before")
        status, cookie, _ = try_in(d, "sam", NEXT)
        equal((status, bool(cookie)), (303, True), "the one of now")
        account = [u for u in d.cli("user", "list")["users"] if u["login"] == "sam"][0]
        equal(account["away"], False, "away")
        for word in (GOOD, NEXT, "password123"):
            check(word not in d.log_text(), "no password in the log")


def story_the_page_that_was_wanted_comes_after_signing_in():
    with Desk() as d:
        staff = with_sam(d, GOOD)
        d.send(report())
        number = until("the case", d.cases)[0]["number"]
        case = f"{staff}/case/{number}"
        browse([{"do": "open", "url": case, "status": 403}] + expect("Please sign in", "go on to the page") +
               [{"do": "absent", "text": "Heap overflow"}] + enter("sam", GOOD) +
               [{"do": "press", "key": "Enter"}] + expect("Heap overflow", "parse_name()"))
        # a link by mail, for who has no password at hand
        browse([{"do": "open", "url": staff + "/signin"}, {"do": "fill", "label": "Login", "value": "sam"},
                {"do": "click", "text": "Mail me a sign-in link"}] + expect("Look into your mail") +
               looked_at("signin-ordered"))
        mail = until("the link", lambda: d.sink.to(SAM))[0]["mail"].get_body().get_content()
        link = re.search(r"http://127\.0\.0\.1:\d+/signin/[A-Za-z0-9_-]+", mail).group()
        browse([{"do": "open", "url": link}, {"do": "click", "text": "Sign in"}] + expect(number))


def story_wrong_passwords_are_counted_and_say_nothing():
    with Desk() as d:
        with_sam(d, GOOD)
        pages = []
        for login in ("sam", "zoe"):
            got = [try_in(d, login, "wrong password")[0] for _ in range(TRIES + 1)]
            equal(got, [403] * TRIES + [429], f"the answers to {login}")
            pages.append(try_in(d, login, GOOD)[2].replace(login, "LOGIN"))
        equal(pages[0], pages[1], "what is said to a login that exists and to one that does not")
        check("Please wait" in pages[0], "how long to wait")
        equal(try_in(d, "sam", GOOD)[0], 429, "even the right one has to wait")
        equal(d.get("/", staff=True, cookie="desk=wrong")[0], 403, "without a session")


def story_an_administrator_resets_and_switches_accounts():
    with Desk() as d:
        with_sam(d, GOOD)
        status, cookie, _ = try_in(d, "sam", GOOD)
        equal(status, 303, "in")
        equal(d.get("/", staff=True, cookie=cookie)[0], 200, "the list of cases")
        link = d.cli("user", "reset", "sam")["secret"]
        equal(d.get("/", staff=True, cookie=cookie)[0], 403, "the session after a reset")
        equal(try_in(d, "sam", GOOD)[0], 403, "the password after a reset")
        status, headers, _ = d.get(f"/signin/{link}", staff=True, data=b"", follow=False)
        equal((status, headers["Location"]), (303, "/?done=first"), "the new link")
        for bad in ("tinypass", "sam@desk.example", "qwertyuiop"):
            p = d.run("user", "passwd", "sam", "--config", str(d.conf), ok=False, input=bad + "\n")
            check(p.returncode != 0 and bad not in p.stderr, f"refused, and not repeated: {p.stderr}")
        d.cli("user", "passwd", "sam", input=NEXT + "\n")
        status, cookie, _ = try_in(d, "sam", NEXT)
        equal(status, 303, "in with the password that was set")
        equal(d.cli("user", "off", "sam")["cases"], 0, "cases that nobody handles now")
        equal(d.get("/", staff=True, cookie=cookie)[0], 403, "the session of who is switched off")
        equal(try_in(d, "sam", NEXT)[0], 403, "the password of who is switched off")
        p = d.run("user", "off", "robin", "--config", str(d.conf), ok=False)
        check("nobody would be left" in p.stderr, p.stderr)
        d.cli("user", "on", "sam")
        equal(try_in(d, "sam", NEXT)[0], 303, "switched on again")
