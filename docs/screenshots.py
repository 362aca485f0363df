"""Pictures of a report as a browser shows it: `python docs/screenshots.py REPORT`.

Wide and narrow, light and dark, and its front alone, into this folder. Needs a
Chromium, in BROWSER_PATH or on the path.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
SIZES = {1280: 2500, 390: 2500}  # pixels: width, and as far down as is shown
FRONT = {"x": 40, "width": 1200, "height": 880}  # of the front alone
QUALITY = 38  # of JPEG: small files, text that can be read


def main(report: Path) -> None:
    """Write the pictures."""
    browser_path = os.environ.get("BROWSER_PATH") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        for width, height in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_context(
                    offline=True,
                    color_scheme=scheme,
                    viewport={"width": width, "height": height},
                ).new_page()
                page.goto(report.absolute().as_uri())
                page.wait_for_selector("body[data-ready]")
                page.wait_for_timeout(1000)
                look = {"type": "jpeg", "quality": QUALITY}
                page.screenshot(path=FOLDER / f"report_{width}_{scheme}.jpg", **look)
                if (width, scheme) == (1280, "light"):
                    top = page.locator("h2#front").bounding_box()["y"]
                    clip = FRONT | {"y": top - 10}
                    page.screenshot(path=FOLDER / "report_front.jpg", clip=clip, **look)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
