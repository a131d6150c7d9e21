"""A page in headless Chromium, as a reader sees it; nothing is downloaded, and no request may leave the file.

Pages are opened from disk. Chromium and its driver are those of the system.
"""

import base64
import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
ABSENT = "no Chromium with chromedriver on this machine (Debian: apt-get install chromium chromium-driver)"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def start():
    """A browser that keeps its console and its requests, or a skipped test."""
    if not (CHROMIUM and DRIVER):
        if os.environ.get("BOOLRNN_BROWSER") == "needed":
            pytest.fail(ABSENT)
        pytest.skip(ABSENT)
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    folder = tempfile.mkdtemp()
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    return driver, folder


class Browser:
    """One Chromium for many pages. `driver` is selenium's."""

    def __init__(self):
        self.driver, self._folder = start()
        self.requests = []

    def open(self, path, fragment="", *, width=1280, height=900, dark=False):
        """Open a file from disk in a fresh page, and wait until its explorer (if any) is ready."""
        self.driver.get("about:blank")  # a change of the fragment alone would not load again
        self.logs()
        self.requests = []
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.theme(dark)
        self.driver.get(Path(path).resolve().as_uri() + fragment)
        self.wait("document.readyState === 'complete' && document.documentElement.dataset.ready !== 'no'")
        return self.driver

    def theme(self, dark):
        scheme = "dark" if dark else "light"
        self.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def run(self, script, *arguments):
        """The value of a JavaScript expression."""
        return self.driver.execute_script(f"return ({script})", *arguments)

    def wait(self, script, seconds=20):
        """Until a JavaScript expression is true."""
        wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
        wait(self.driver, seconds, poll_frequency=0.05).until(lambda _: self.run(script), f"never: {script}")

    def keys(self, keys):
        """Type on the page, as nobody clicked anywhere."""
        self.driver.switch_to.active_element.send_keys(keys)

    def logs(self):
        """Lines of the console since the last call; requests are collected on the way."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def is_clean(self, path):
        """No line on the console, and no request but for the file itself and what it holds."""
        assert self.logs() == []
        own = Path(path).resolve().as_uri()
        outside = [url for url in self.requests if not url.startswith((own, "data:", "blob:", "about:"))]
        assert outside == []
        return True

    def shot(self, path, *, whole=False):
        """A picture of the window, or of the whole page."""
        picture = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        with contextlib.suppress(Exception):  # it may have gone by itself
            self.driver.quit()
        shutil.rmtree(self._folder, ignore_errors=True)
