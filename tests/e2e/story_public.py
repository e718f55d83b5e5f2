# SPDX-License-Identifier: Apache-2.0
"""What strangers and reporters do on the public pages, without JavaScript unless said.

VULNDESK_LOOK=FOLDER keeps a picture of every page, as in story_browser.py.
"""
import hashlib
import http.client
import pathlib
import re
import socket
import urllib.parse

from browser import PHONE, browse, expect, glanced_at, looked_at
from desk import POLICY, Desk, check, equal, until
from story_browser import signin_link

PROOF = bytes(range(256)) * 200 + b"\r\n--x\r\n\0"  # no text, and lines like boundaries
FILL_MS = 2100  # no person fills in the form sooner than two seconds


def form_file(d, name, data):
    path = pathlib.Path(d.dir) / name
    path.write_bytes(data)
    return str(path)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def request(d, method, path, body=b"", headers=None, port=None):
    """One request by hand: status, fields, text."""
    c = http.client.HTTPConnection("127.0.0.1", port or d.public, timeout=60)
    c.request(method, path, body=body, headers=headers or {})
    r = c.getresponse()
    text = r.read().decode("utf-8", "replace")
    c.close()
    return r.status, r.headers, text


def form(fields, files=()):
    """A body as browsers send it."""
    b, out = "x" * 20, b""
    for name, value in fields.items():
        out += f'--{b}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, file_name, data in files:
        out += (f'--{b}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n").encode() + data + b"\r\n"
    return out + f"--{b}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={b}"}


def token_of(page):
    return re.search(r'name="token" value="([0-9a-f]+)"', page).group(1)


def link_of(page):
    found = re.search(r'>(http://[^<"]+/r/[A-Za-z0-9_-]+)</textarea>', page)
    return found and found.group(1)


def fields_of(token, **more):
    return {"token": token, "title": "Overflow in <b>frob</b>", "description": "It falls over.\nHere.",
            "steps": "1. push", "version": "1.4", "name": "", "address": "", "website": "", **more}


def send_report(d, fields, files=()):
    """Sends the form until it is not too soon for a person."""
    def once():
        status, _, page = request(d, "POST", "/new", *form(fields, files))
        return None if "sooner than a person" in page else (status, page)
    return until("the form is old enough", once)


def story_an_anonymous_report_goes_both_ways_with_files():
    with Desk() as d:
        d.start()
        public, jar, staff_jar = f"http://127.0.0.1:{d.public}", d.dir / "jar", d.dir / "staff"
        poc = form_file(d, "pröof of concept.bin", PROOF)
        made = browse([{"do": "open", "url": public + "/"}] + glanced_at("public-policy") +
                      [{"do": "click", "role": "link", "text": "Use the report form"}] +
                      expect("you need not say who you are") + looked_at("report-form") +
                      [{"do": "fill", "label": "What is it about?", "value": "Heap overflow in frob"},
                       {"do": "fill", "label": "Description", "value": "A name of 256 bytes is enough."},
                       {"do": "fill", "label": "How to reproduce it", "value": "./frob < poc"},
                       {"do": "fill", "label": "Affected version", "value": "1.4"},
                       {"do": "upload", "label": "Files", "files": [poc]},
                       {"do": "open-for", "ms": FILL_MS},
                       {"do": "click", "text": "Send the report"}] +
                      expect("We have your report", "the only way to our answers") +
                      [{"do": "read", "label": "Your private link"}] +
                      looked_at("report-sent") +
                      [{"do": "click", "role": "link", "text": "Open my report"},
                       {"do": "click", "text": "Open my report"}] + expect("Your next private link") +
                      [{"do": "read", "label": "Your private link"}] +
                      glanced_at("next-link") +
                      [{"do": "click", "role": "link", "text": "Go on to my report"}] +
                      expect("has your report", "A name of 256 bytes is enough.", "pröof of concept.bin",
                             "Your way back") + looked_at("report-page"), state=jar)
        first, second = made["read"]
        check(first != second and "/r/" in first and "/r/" in second, "two links")
        case = d.cases()[0]
        equal(case["title"], "Heap overflow in frob", "the case of the form")
        number = case["number"]
        d.cli("case", "reply", number, "--text", "We see it too. Can you send the trace?")
        got = browse([{"do": "open", "url": public + "/report"}] +
                     expect("We see it too. Can you send the trace?") +
                     [{"do": "download", "text": "pröof of concept.bin"},
                      {"do": "fill", "label": "Write to the team", "value": "Here is the trace."},
                      {"do": "upload", "label": "Files", "files": [form_file(d, "trace.bin", PROOF[::-1])]},
                      {"do": "click", "text": "Send"}] +
                     expect("The team has your words.", "Here is the trace.", "trace.bin") +
                     glanced_at("report-page-answered"), state=jar)
        equal(got["downloads"][0]["sha256"], sha256(PROOF), "the reporter's own file comes back")
        got = browse([{"do": "open", "url": signin_link(d)}, {"do": "click", "text": "Sign in"},
                      {"do": "open", "url": f"http://127.0.0.1:{d.staff}/case/{number}"}] +
                     expect("Here is the trace.") +
                     [{"do": "download", "text": "trace.bin"}] + glanced_at("case-of-a-form"),
                     state=staff_jar)
        equal(got["downloads"][0]["sha256"], sha256(PROOF[::-1]), "the handler has the identical bytes")
        # The first link is spent, the second is good once more.
        browse([{"do": "open", "url": first}] + expect("was used before", "we cannot send you another link") +
               looked_at("link-spent-anonymous") +
               [{"do": "open", "url": second}, {"do": "click", "text": "Open my report"}] +
               expect("Your next private link"))
        equal(len(d.sink.mails), len(d.sink.to("robin@desk.example")), "no mail but to the team")


def story_a_reporter_with_the_keyboard_alone_on_a_phone_in_the_dark():
    with Desk() as d:
        d.start()
        made = browse([PHONE, {"do": "scheme", "name": "dark"},
                       {"do": "open", "url": f"http://127.0.0.1:{d.public}/new"},
                       {"do": "tab", "to": "What is it about?"}, {"do": "type", "text": "Hole"},
                       {"do": "tab", "to": "Description"}, {"do": "type", "text": "It is open."},
                       {"do": "tab", "to": "Mail address"}, {"do": "type", "text": "kim@reporter.example"},
                       {"do": "open-for", "ms": FILL_MS},
                       {"do": "tab", "to": "Send the report"}, {"do": "press", "key": "Enter"}] +
                      expect("We have your report", "on the way to the address you gave") +
                      [{"do": "no-sideways"}, {"do": "tab", "to": "Open my report"},
                       {"do": "press", "key": "Enter"}] + expect("This link opens the page") +
                      [{"do": "tab", "to": "Open my report"}, {"do": "press", "key": "Enter"}] +
                      expect("It is open.") +
                      [{"do": "tab", "to": "Write to the team"}, {"do": "type", "text": "More words."},
                       {"do": "tab", "to": "Send"}, {"do": "press", "key": "Enter"}] +
                      expect("The team has your words.", "More words.") +
                      [{"do": "no-sideways"}], javascript=True)
        check(made["url"].endswith("/report?done=1#write"), "the page after it")
        mail = until("the acknowledgement", lambda: d.sink.to("kim@reporter.example"))[0]["mail"]
        text = mail.get_body().get_content()
        check("Hole" not in mail["Subject"] + text, "a stranger's words are not sent to an address he claims")
        check("/r/" in text, "the acknowledgement has a link")


def inert_on_the_teams_pages(d, number):
    """A stranger's title and name, as they are shown to the team."""
    path = "/signin/" + signin_link(d).rsplit("/", 1)[1]
    cookie = request(d, "POST", path, headers={"Content-Length": "0"}, port=d.staff)[1]["Set-Cookie"]
    for page in ("/", f"/case/{number}"):
        status, _, text = request(d, "GET", page, headers={"Cookie": cookie.split(";")[0]}, port=d.staff)
        equal(status, 200, page)
        check("txt.exe" in text, f"{page} shows the report")
        text = re.sub(r'value="[^"]*"', "", text)  # a field keeps what is in it exactly
        for bad in ("<script>alert", "<img src=x", "\u202e"):
            check(bad not in text, f"{page} holds {bad!r}")


def story_what_was_typed_is_still_there_and_sending_twice_is_once():
    with Desk(settings={"limits.report_rate": "6/1h"}) as d:
        d.start()
        token = token_of(request(d, "GET", "/new")[2])
        kept = ['value="Overflow in &lt;b&gt;frob&lt;/b&gt;"', ">It falls over.\nHere.</textarea>"]

        def refused(status, says, fields, files=()):
            got, _, page = request(d, "POST", "/new", *form(fields, files))
            equal(got, status, says)
            for text in [says] + kept + ['name="token"']:
                check(text in page, f"{says}: {text} in the page")
            check(not files or "Files have to be chosen again" in page, "the files are not there")

        good = fields_of(token)
        status, page = send_report(d, good, [("files", "a.txt", b"a")])
        equal(status, 200, "the report")
        link = link_of(page)
        again = request(d, "POST", "/new", *form(good, [("files", "a.txt", b"a")]))[2]
        equal(link_of(again), link, "the same form sent twice has one link")
        refused(400, "to stay empty", {**good, "website": "http://spam.example"})
        refused(400, "open for too long", {**good, "token": "0" * 80})
        refused(400, "The mail address is not one", {**good, "address": "nobody"})
        refused(413, "You chose 200 files", good, [("files", f"{i}.txt", b"x") for i in range(200)])
        refused(413, "The files are too large", good, [("files", "big.bin", b"\0" * (24 << 20))])
        long_line = "x" * 190000
        fresh = fields_of(token_of(request(d, "GET", "/new")[2]), steps=long_line,
                          title="\u202etxt.exe <script>alert(1)</script>", name="\u202e<img src=x>")
        send_report(d, fresh)
        until("both cases", lambda: len(d.cases()) == 2)
        titles = {c["title"]: c["number"] for c in d.cases()}
        number = titles.pop("Overflow in <b>frob</b>", None)
        check(number and len(titles) == 1, f"titles: {titles}")
        inert_on_the_teams_pages(d, list(titles.values())[0])
        for i in range(3):
            send_report(d, fields_of(token_of(request(d, "GET", "/new")[2]), title=f"More {i}"))
        status, page = send_report(d, fields_of(token_of(request(d, "GET", "/new")[2])))
        equal(status, 429, "the seventh within the hour")
        check("Too much came from here" in page and kept[1] in page, "and its text")


def upload(d, head, total):
    """Half a gigabyte that is made up on the way; the answer."""
    with socket.create_connection(("127.0.0.1", d.public), timeout=60) as s:
        s.sendall(f"POST /new HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; "
                  f"boundary=b\r\nContent-Length: {total}\r\nConnection: close\r\n\r\n".encode() + head)
        left, piece = total - len(head), b"\0" * (1 << 20)
        while left:
            s.sendall(piece[:left])
            left -= min(left, len(piece))
        got = b""
        while part := s.recv(65536):
            got += part
    return got.decode()


def story_half_a_gigabyte_is_refused_without_being_kept():
    with Desk() as d:
        d.start()
        token = token_of(request(d, "GET", "/new")[2])
        head = form(fields_of(token))[0].replace(b"x" * 20, b"b").replace(b"--b--\r\n", b"") + (
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="all"\r\n\r\n')
        answer = upload(d, head, 500_000_000)
        check(answer.startswith("HTTP/1.1 413 "), answer[:60])
        check("The files are too large" in answer and "It falls over." in answer, "the text is kept")
        peaks = [int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
                 for role in ("httpd-public", "core") for pid in d.role_pids(role)]
        check(len(peaks) == 2 and max(peaks) < 400_000, f"memory in kB: {peaks}")
        equal(d.cases(), [], "nothing came of it")


def story_a_report_by_form_survives_the_end_of_core():
    with Desk() as d:
        d.start()
        status, page = send_report(d, fields_of(token_of(request(d, "GET", "/new")[2])),
                                   [("files", "a.bin", PROOF)])
        d.kill_role("core")
        equal(status, 200, "the report")
        until("the case", lambda: len(d.cli("case", "list", "--which", "all", ok=False) or {}) and
              len(d.cases()) == 1)
        path = "/r/" + link_of(page).rsplit("/", 1)[1]
        until("its link", lambda: "Open my report" in request(d, "GET", path)[2])
        equal(len(d.cases()), 1, "one case")


TOC = """# Security policy

* [Reporting](#reporting-a-vulnerability)
* [What we do](#what-we-do-next--when)
* [Again](#notes-1)
* [Write](mailto:security@desk.example)

## Reporting a Vulnerability

Mail security@desk.example. The team will acknowledge your email as soon as possible.

## What we do: next & when?

See [the first note](#notes).

## Notes

One.

## Notes

Two.
"""


def story_the_policys_own_links_lead_to_its_headings():
    for policy in (POLICY, TOC):
        with Desk(policy=policy) as d:
            d.start()
            page = request(d, "GET", "/")[2]
            ids = set(re.findall(r'\bid="([^"]+)"', page))
            wanted = {urllib.parse.unquote(f) for f in re.findall(r'href="#([^"]+)"', page)}
            check(wanted <= ids, f"links without a heading: {wanted - ids}")
            check(policy is POLICY or len(wanted) == 5, f"links of the policy: {wanted}")
            status, fields, text = request(d, "GET", "/.well-known/security.txt")
            equal(status, 200, "security.txt")
            check("Contact: mailto:security@desk.example\n" in text and "Expires: " in text, text)
            for path in ("/new", "/advisories", "/.well-known/security.txt", "/receipt-key"):
                equal(request(d, "GET", path)[0], 200, path)
