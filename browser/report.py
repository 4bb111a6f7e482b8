"""Opens a report of `spinet report` in a headless Chromium, as readers do, and complains about what they would.

    python3 browser/report.py PAGE --chromium PROGRAM [--screenshots DIR]

For every width and colour scheme: no message on the console, no request beyond the page itself, no page wider than its
window, also with everything unfolded. Once: every link inside the page leads to something that can be seen, no id is there
twice, the keyboard reaches the content first, every figure has a name, the page prints. Before that, a page with known
faults shows that the checks find them. Only the standard library is used: the browser is spoken to through a pipe.
"""

import argparse
import base64
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")
# Seconds for one answer of the browser.
PATIENCE = 60

BROKEN_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>broken</title></head>
<body><p id="twice"><a href="#nowhere">nowhere</a></p><p id="twice">b</p><div style="width: 900px">wide</div>
<img src="missing.png" alt=""><script>alert(1)</script><svg role="img"></svg></body></html>"""

LINKS = """(() => {
  const complaints = [], ids = new Set();
  for (const element of document.querySelectorAll('[id]')) {
    if (ids.has(element.id)) complaints.push(`the id ${element.id} is there twice`);
    ids.add(element.id);
  }
  for (const link of document.querySelectorAll('a')) {
    const target = link.getAttribute('href') || '';
    if (!target.startsWith('#') || !ids.has(target.slice(1))) complaints.push(`the link ${target} leads nowhere`);
    else if (!link.textContent.trim()) complaints.push(`the link ${target} has no words`);
  }
  for (const figure of document.querySelectorAll('svg')) {
    if (figure.getAttribute('role') !== 'img' || !figure.querySelector('title')?.textContent || !figure.querySelector('desc')?.textContent)
      complaints.push('a figure has no role, title or description');
  }
  for (const table of document.querySelectorAll('table')) if (!table.caption) complaints.push('a table has no caption');
  return complaints;
})()"""

OVERFLOW = """(() => {
  const excess = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (excess <= 0) return null;
  const wide = [...document.body.querySelectorAll('*')].filter(
    (element) => element.getBoundingClientRect().right > document.documentElement.clientWidth && !element.parentElement.closest('.scroll'));
  return `${excess} pixels too wide: ` + wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 80).split('\\n').join(' ')).join(' ');
})()"""

# A link into something folded away has to unfold it.
FOLDED_LINK = """(async () => {
  document.querySelectorAll('details').forEach((details) => { details.open = false; });
  const inside = [...document.querySelectorAll('main a')].find(
    (link) => document.getElementById(link.hash.slice(1))?.closest('details'));
  if (!inside) return 'no link leads into a folded part';
  inside.click();
  await new Promise((done) => setTimeout(done, 300));
  const target = document.getElementById(inside.hash.slice(1));
  return target.closest('details').open ? null : `${inside.hash} stays folded away`;
})()"""


class Browser:
    """A headless Chromium; what it reports on its own is kept in `events`."""

    def __init__(self, program, profile):
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # The protocol's pipe has the numbers 3 and 4 in the browser; first away from there, so that neither covers the other.
        source, sink = (os.dup(os.dup(end)) for end in (to_browser, from_browser))

        def prepare():
            high = [os.dup(source), os.dup(sink)]
            while min(high) <= 4:
                high = [os.dup(end) for end in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        words = [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-dev-shm-usage",
                 "--hide-scrollbars"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses to be sandboxed for root, which is who runs in a container.
            words.append("--no-sandbox")
        self.process = subprocess.Popen([*words, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=prepare)
        for end in (to_browser, from_browser, source, sink):
            os.close(end)
        self.buffer, self.events, self.number, self.session = b"", [], 0, None

    def attach(self):
        """Opens a tab and listens to it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """What the browser answers."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            if not select.select([self.read_end], [], [], max(0.0, end - time.monotonic()))[0]:
                raise RuntimeError(f"the browser gave no answer in {PATIENCE} seconds")
            piece = os.read(self.read_end, 1 << 20)
            if not piece:
                raise RuntimeError("the browser ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, address):
        self.events.clear()
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", "an exception"))
        return answer["result"].get("value")

    def key(self, name):
        codes = {"Tab": 9, "Enter": 13}
        words = {"key": name, "code": name, "windowsVirtualKeyCode": codes[name]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **words, **({"text": "\r"} if name == "Enter" else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **words)

    def show(self, address, width, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.open(address)

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def messages(browser, address):
    """What the console and the network would tell a reader who looks."""
    for event in browser.events:
        method, words = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled":
            yield f"console: {words['type']}"
        elif method == "Runtime.exceptionThrown":
            yield f"exception: {words['exceptionDetails']['text']}"
        elif method == "Log.entryAdded":
            yield f"console: {words['entry']['text']}"
        elif method == "Network.requestWillBeSent":
            asked = words["request"]["url"]
            if asked.split("#")[0] != address and not asked.startswith("data:"):
                yield f"request: {asked}"


def looked_at(browser, address, screenshots):
    """Complaints about a page at every width and in both schemes."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            browser.show(address, width, scheme)
            found = [browser.value(OVERFLOW)]
            if screenshots:
                save(browser, screenshots / f"{width}-{scheme}.png")
            browser.value("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
            found.append(browser.value(OVERFLOW))
            found.extend(messages(browser, address))
            yield from (f"{width} pixels, {scheme}: {complaint}" for complaint in found if complaint)


def save(browser, path):
    height = browser.value("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": browser.value("innerWidth"), "height": min(height, 12000), "scale": 1}
    picture = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    path.write_bytes(base64.b64decode(picture["data"]))


def used(browser, address, screenshots):
    """Complaints about links, keyboard and print."""
    browser.show(address, 1280, "light")
    yield from browser.value(LINKS)
    yield from filter(None, [browser.value(FOLDED_LINK)])
    browser.show(address, 1280, "light")
    browser.key("Tab")
    if not browser.value("document.activeElement.matches('.skip') && document.activeElement.getBoundingClientRect().left >= 0"):
        yield "the first key press does not show the skip link"
    browser.key("Enter")
    if browser.value("document.activeElement.id") != "main":
        yield "the skip link does not lead to the content"
    printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=False)["data"])
    if screenshots:
        (screenshots / "print.pdf").write_bytes(printed)
    if not printed.startswith(b"%PDF"):
        yield "the page does not print"


def faults_of_the_broken_page(browser, directory):
    """Complaints about the checks themselves: each known fault has to be found."""
    path = directory / "broken.html"
    path.write_text(BROKEN_PAGE, encoding="utf-8")
    address = path.as_uri()
    browser.show(address, 360, "light")
    found = " ".join([str(browser.value(OVERFLOW)), *browser.value(LINKS), *messages(browser, address)])
    for fault in ("pixels too wide", "#nowhere leads nowhere", "id twice is there twice", "no role, title or description",
                  "Content Security Policy", "inline script"):
        if fault not in found:
            yield f"the checks did not find `{fault}` in a page that has it, but: {found}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--screenshots", type=pathlib.Path)
    words = parser.parse_args()
    if words.screenshots:
        words.screenshots.mkdir(parents=True, exist_ok=True)
    address = words.page.resolve().as_uri()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        browser = Browser(words.chromium, f"{scratch}/profile")
        try:
            browser.attach()
            complaints = list(faults_of_the_broken_page(browser, pathlib.Path(scratch)))
            complaints += looked_at(browser, address, words.screenshots)
            complaints += used(browser, address, words.screenshots)
        finally:
            browser.close()
    for complaint in complaints:
        print(f"{words.page}: {complaint}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
