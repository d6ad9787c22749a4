"""A real browser finds nothing to run, and the page fits a phone."""

import shutil
import subprocess

import pytest

from convscope.report.page import render_page
from tests.convscope.report.test_page import hostile_evidence

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def dom_of(page, profile):
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        *quiet,
        f"--user-data-dir={profile}",
        "--dump-dom",
    ]
    finished = subprocess.run([*command, page.as_uri()], capture_output=True, check=False, timeout=120)
    if finished.returncode != 0:
        pytest.skip("chromium does not start here")
    return finished.stdout.decode()


def test_hostile_names_do_nothing_in_a_browser(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(render_page(hostile_evidence()), encoding="utf-8")
    dom = dom_of(page, tmp_path / "profile")
    assert "<title>pwned" not in dom
    assert "<script" not in dom
    assert "<img" not in dom
    assert 'id="glossary"' in dom
