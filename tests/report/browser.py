"""A headless chromium driven through its own pipe (--remote-debugging-pipe), with nothing but Python's library.

    with browser.Browser() as b:
        b.open("file:///...", width=400)
        b.click("#points th:nth-child(2) button")    # with the mouse, where the element is on the screen
        b.value("document.title"), b.requests, b.messages
        b.picture("page.png")
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def program():
    """The browser's command; None without one."""
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
                None)


class Browser:
    def __init__(self, seconds=60):
        self.seconds = seconds  # after which a silent browser is an error
        self.folder = tempfile.TemporaryDirectory()
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def place_pipes():  # chromium reads commands from 3 and answers on 4
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)
        self.process = subprocess.Popen(
            [program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             f"--user-data-dir={self.folder.name}", "--remote-debugging-pipe", "--hide-scrollbars"], close_fds=False,
            preexec_fn=place_pipes, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.session, self.rest = 0, None, b""
        self.requests, self.messages, self.loaded = [], [], False
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{part}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.send("Browser.close")
        except (OSError, RuntimeError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.folder.name, ignore_errors=True)
        self.folder.cleanup()

    def _next(self, deadline):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(deadline - time.monotonic(), 0))
            piece = os.read(self.back, 1 << 16) if ready else b""
            if not piece:
                raise RuntimeError("the browser ended" if ready else "the browser says nothing")
            self.rest += piece
        line, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(line)
        method, data = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(data["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.messages.append(data["exceptionDetails"].get("text", ""))
        elif method == "Log.entryAdded":
            self.messages.append(data["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Page.javascriptDialogOpening":
            self.messages.append("dialog: " + data["message"])
            self._write("Page.handleJavaScriptDialog", accept=True)
        return message

    def _write(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        return self.number

    def send(self, method, **parameters):
        number, deadline = self._write(method, **parameters), time.monotonic() + self.seconds
        while True:
            message = self._next(deadline)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def open(self, url, width=1200, height=900, dark=False, phone=False):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.send("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.requests, self.messages, self.loaded = [], [], False
        self.send("Page.navigate", url=url)
        deadline = time.monotonic() + self.seconds
        while not self.loaded:
            self._next(deadline)

    def value(self, expression):
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def click(self, selector):
        """Scrolls the element into view and clicks on its middle."""
        x, y = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center', "
            "inline: 'center'}); const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text):
        self.send("Input.insertText", text=text)

    def picture(self, path, whole=True):
        data = self.send("Page.captureScreenshot", captureBeyondViewport=whole,
                         **({"clip": {"x": 0, "y": 0, "scale": 1,
                                      "width": self.value("innerWidth"),
                                      "height": self.value("document.documentElement.scrollHeight")}} if whole else {}))
        with open(path, "wb") as file:
            file.write(base64.b64decode(data["data"]))

    def paper(self, path):
        """The page as it is printed, PDF."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"]))
