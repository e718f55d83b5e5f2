# SPDX-License-Identifier: Apache-2.0
"""A git repository of a project, for stories: its commits have fixed dates and no configuration but
the repository's own."""
import os
import subprocess

from desk import check


class Repository:
    def __init__(self, folder):
        self.folder, self.day = folder, 0
        folder.mkdir()
        self.git("init", "-q", "-b", "master")

    def git(self, *args):
        self.day += 1
        at = f"{1_717_000_000 + self.day * 86400} +0000"
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1",
               "GIT_AUTHOR_NAME": "Dev", "GIT_AUTHOR_EMAIL": "dev@project.example",
               "GIT_COMMITTER_NAME": "Dev", "GIT_COMMITTER_EMAIL": "dev@project.example",
               "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        p = subprocess.run(["git", *args], cwd=self.folder, env=env, capture_output=True, text=True)
        check(p.returncode == 0, f"git {args}: {p.stderr}")
        return p.stdout.strip()

    def write(self, path, text):
        at = self.folder / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message):
        """The commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")
