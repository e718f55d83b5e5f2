#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents we make against the schemas of those who read them.

documents_test.py SAMPLES: what SAMPLES prints must be well-formed; with the test data folder
(VULNDESK_SHARED) the OSV documents must validate against the OSV schema and the feeds against the
RELAX NG schema of RFC 4287, and those schemas must refuse documents that were spoilt.
"""
import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

NAME = "publish-documents"
A = "{http://www.w3.org/2005/Atom}"


def skip(why):
    print(f"SKIP {NAME}: {why}")
    sys.exit(77)


def feed_rules(text):
    """RFC 4287 4.1.1 and 4.1.2, what no schema says."""
    feed = ElementTree.fromstring(text)
    entries = feed.findall(A + "entry")
    assert len(feed.findall(A + "id")) == 1 and feed.find(A + "author") is not None
    ids = [e.find(A + "id").text for e in entries]
    assert len(set(ids)) == len(ids), "two entries with one id"
    newest = max([e.find(A + "updated").text for e in entries], default=None)
    assert newest is None or feed.find(A + "updated").text == newest
    for e in entries:
        assert any(x.get("rel") == "alternate" for x in e.findall(A + "link"))
    return len(entries)


def osv_rules(doc, ecosystems):
    """What the folder's notes ask for besides the schema."""
    for a in doc.get("affected", []):
        if "package" in a:
            assert a["package"]["ecosystem"].split(":")[0] in ecosystems
        for r in a.get("ranges", []):
            assert [k for e in r["events"] for k in e].count("introduced") == 1
            assert list(r["events"][0]) == ["introduced"]


def relaxng(rng, text):
    p = subprocess.run(["xmllint", "--noout", "--relaxng", str(rng), "-"], input=text, text=True,
                       capture_output=True, timeout=60)
    return p.returncode == 0, p.stderr


def main():
    made = json.loads(subprocess.run([sys.argv[1]], capture_output=True, check=True, timeout=60).stdout)
    docs = [json.loads(t) for t in made["osv"]]
    assert [feed_rules(t) for t in made["atom"]] == [0, 1, 2]
    folder = pathlib.Path(os.environ.get("VULNDESK_SHARED", "../shared")) / "standards"
    if not (folder / "osv" / "schema.json").exists():
        skip("no standards/osv: the test data folder is not here (VULNDESK_SHARED)")
    try:
        import jsonschema
    except ImportError:
        skip("python3-jsonschema is not installed")
    if not shutil.which("xmllint"):
        skip("xmllint (libxml2-utils) is not installed")
    schema = jsonschema.Draft202012Validator(json.loads((folder / "osv" / "schema.json").read_text()))
    names = json.loads((folder / "osv" / "ecosystems.json").read_text())
    names = set(names if isinstance(names, list) else names.keys())
    for d in docs:
        problems = [f"{list(e.path)}: {e.message[:200]}" for e in schema.iter_errors(d)]
        assert not problems, problems
        osv_rules(d, names)
    spoilt = copy.deepcopy(docs[0])
    spoilt["affected"][0]["ranges"][0]["events"] = [{"fixed": "2"}]
    assert list(schema.iter_errors(spoilt)), "the schema takes a range without introduced"
    rng = folder / "atom-rolie" / "atom.rng"
    for t in made["atom"]:
        ok, why = relaxng(rng, t)
        assert ok, why
    assert not relaxng(rng, made["atom"][1].replace("<updated>", "<published>", 1)
                       .replace("</updated>", "</published>", 1))[0], "the schema takes a feed without updated"
    print(f"{len(docs)} OSV documents and {len(made['atom'])} feeds hold")


main()
