"""The report of a study: well formed, whole, harmless; in a real browser where there is one."""

import base64
import html.parser
import math
import os
import pathlib
import re
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "postproc")]

import browser  # noqa: E402
import make_study  # noqa: E402
import study  # noqa: E402
import study_plots  # noqa: E402
import study_report  # noqa: E402
from test_pictures import called  # noqa: E402

EVIL = ("</title></pre><script>window.pwned=1</script><img src=x onerror=\"window.pwned=2\">'\"&amp;&<svg/onload="
        "window.pwned=3>$\\frac{$ ]]>--><!-- é 漢 \x00\x1b")
VOID = {"meta", "img", "br", "hr", "input", "link"}
AXES = [(f"salt {EVIL}", ["layer(1)%salt_concentration_mol_L"], [[0.5], [1.0], [2.0]], None),
        ("electrolyte", ["layer(1)%name", "layer(1)%transference_number"], [["a", 0.2], ["b", 0.4]],
         [f"bare {EVIL}", "coated"])]
STUDY_TEXT = f"title = 'a & b < c > d'\n# {EVIL.replace(chr(0), '').replace(chr(27), '')}\n\ttab\n"
BASE_TEXT = "&run title = 'it''s </pre> &amp; \"quoted\"' /\n"


def outcome_of(place):
    s, e = place
    if place == (1, 1):
        return f"no solution {EVIL}"
    if place == (2, 0):
        return None
    return {"survived": round(0.2 + 0.9 * s + 0.1 * e, 2), "failed": round(0.3 + 0.9 * s + 0.1 * e, 2),
            "voltage": 1000.0 - 450 * s, "title": "a-run"}


class Page(html.parser.HTMLParser):
    """The page as a tree; complains about what is not closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.faults, self.elements, self.texts = [], [], [], {}
        self.rows, self.of_table = {}, None
        self.feed(text)
        self.close()
        if self.stack:
            self.faults.append(f"open at the end: {self.stack}")

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(set(names)) != len(names):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.stack.append((tag, dict(attributes)))
        if tag == "table":
            self.of_table = dict(attributes).get("id")
            self.rows[self.of_table] = []
        elif tag == "tr":
            self.rows[self.of_table].append([])
        elif tag in ("td", "th"):
            self.rows[self.of_table][-1].append((dict(attributes), []))

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            self.faults.append(f"</{tag}> where {self.stack[-1:]} is open")
        else:
            self.stack.pop()

    def handle_data(self, data):
        where = next((a["id"] for _, a in reversed(self.stack) if a.get("id")), None)
        self.texts.setdefault((self.stack[-1][0] if self.stack else None, where), []).append(data)
        if any(tag in ("td", "th") for tag, _ in self.stack):
            self.rows[self.of_table][-1][-1][1].append(data)

    def text(self, tag, where=None):
        return "".join(self.texts.get((tag, where), []))

    def cells(self, table):
        return [[("".join(words), attributes) for attributes, words in row] for row in self.rows[table]]


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.path = make_study.write_study(root / "evil", AXES, outcome_of, title=EVIL, note=f"a note {EVIL}\nof two lines",
                                          fixed={"grid%spacing_um": 2, "protocol%mode": EVIL}, study_text=STUDY_TEXT,
                                          base_text=BASE_TEXT)
        cls.study = study.open_study(cls.path)
        cls.file = study_report.write(cls.study, cls.path / "report.html")
        cls.html = cls.file.read_text(encoding="utf-8")
        cls.page = Page(cls.html)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_well_formed(self):
        self.assertEqual(self.page.faults, [])
        ids = [a["id"] for _, a in self.page.elements if "id" in a]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertTrue(self.html.startswith("<!DOCTYPE html>\n<html lang=\"en\">"))
        self.assertNotRegex(self.html, "[\x00-\x08\x0b-\x1f]")

    def test_nothing_from_outside(self):
        for tag, attributes in self.page.elements:
            self.assertNotIn(tag, {"link", "iframe", "object", "embed", "base", "form", "a", "source", "svg"})
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on"), (tag, name))
                if name in ("src", "href", "srcset", "action", "data", "background", "poster"):
                    self.assertRegex(value, r"^data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+$")
        style = self.page.text("style")
        self.assertNotRegex(style, r"url\(|@import|http")
        self.assertEqual([tag for tag, _ in self.page.elements].count("script"), 1)
        self.assertEqual(self.page.text("script"), study_report.SCRIPT)

    def test_only_its_own_script_may_run(self):
        policy = next(a["content"] for t, a in self.page.elements if a.get("http-equiv") == "Content-Security-Policy")
        self.assertTrue(policy.startswith("default-src 'none';"))
        import hashlib
        digest = base64.b64encode(hashlib.sha256(study_report.SCRIPT.encode()).digest()).decode()
        self.assertIn(f"script-src 'sha256-{digest}'", policy)

    def test_titles_are_text(self):
        shown = EVIL.replace("\x00", "�").replace("\x1b", "�")
        self.assertEqual(self.page.text("title"), shown)
        self.assertEqual(self.page.text("h1"), shown)
        self.assertIn(shown, self.page.text("p"))
        self.assertIn(f"salt {shown}"[:59] + "…", self.page.text("b", "points"))
        self.assertIn(f"salt {shown}", self.page.text("th", "parameters"))
        failed = self.page.cells("failed")
        self.assertEqual([cell[0] for cell in failed[1]][0], "4")
        self.assertIn(f"no solution {shown}", failed[1][2][0])
        self.assertEqual(failed[1][3][0], "points/000000000004.log")

    def test_pictures_are_inside(self):
        names = [name for name, _, _ in study_plots.figures(self.study)]
        self.assertGreaterEqual(len(names), 6)
        figures = [a["id"] for t, a in self.page.elements if t == "figure"]
        self.assertEqual(figures, [f"picture-{name}" for name in names])
        images = [a for t, a in self.page.elements if t == "img"]
        self.assertEqual(len(images), len(names))
        for image in images:
            self.assertTrue(image["alt"])
            kind, _, data = image["src"].partition(";base64,")
            data = base64.b64decode(data, validate=True)
            if kind == "data:image/svg+xml":
                root = xml.etree.ElementTree.fromstring(data)
                for element in root.iter():
                    self.assertNotIn("script", element.tag.lower())
                    for name, value in element.attrib.items():
                        if name.endswith("href"):
                            self.assertTrue(value.startswith(("#", "data:image/png")), value[:50])
            else:
                self.assertTrue(data.startswith(b"\x89PNG"))

    def test_every_point_is_in_the_table(self):
        cells = self.page.cells("points")
        head, rows = cells[0], cells[1:]
        self.assertEqual([row[0][0] for row in rows], [str(p.index) for p in self.study.points])
        self.assertTrue(all(len(row) == len(head) for row in rows))
        table = self.study.table()
        titles = [a["title"].split(":")[0] for t, a in self.page.elements if t == "button" and "title" in a]
        shown = 0
        for column, name in enumerate(titles, 1):
            self.assertIn(name, table)
            for row, cell in enumerate(rows):
                value = table[name].values[row]
                if isinstance(value, str):
                    clean = value.replace("\x00", "�").replace("\x1b", "�")
                    self.assertEqual(cell[column][0], clean)
                elif math.isnan(value):
                    self.assertEqual((cell[column][0], cell[column][1]["data-value"]), ("", ""))
                else:
                    self.assertEqual(float(cell[column][1]["data-value"]), float(value))
                    shown += 1
        self.assertGreater(shown, 60)
        words = {h[0] for h in head}
        self.assertLessEqual({"point", "status", "depletion failedmA/cm²", "overpotentialmV"}, words)
        self.assertLessEqual({"layer(1)%salt_concentration_mol_L", "layer(1)%transference_number", "status",
                              "depletion_failed_mA_cm2", "path", "version", "error"}, set(titles))

    def test_parameters_versions_and_files(self):
        facts = {row[0][0]: row[1][0] for row in self.page.cells("parameters")}
        self.assertEqual(facts["grid%spacing_um"], "2 µm (the same for all points)")
        self.assertTrue(any("0.5, 1, 2 mol/L" in value for value in facts.values()))
        versions = {row[0][0]: row[1][0] for row in self.page.cells("versions")}
        self.assertEqual((versions["pfsolve"], versions["commit"]), ("0.1.0", "0123456789ab"))
        self.assertEqual(self.page.text("pre", "study-text"), STUDY_TEXT)
        self.assertEqual(self.page.text("pre", "base-text"), BASE_TEXT)
        self.assertIn("1 of 6 points (5)", self.page.text("p", "missing"))

    def test_written_aside(self):
        target = self.path / "old.html"
        target.write_text("old")
        with unittest.mock.patch("os.replace", side_effect=OSError("no")), self.assertRaises(OSError):
            study_report.write(self.study, target)
        self.assertEqual(target.read_text(), "old")
        self.assertEqual([p.name for p in self.path.iterdir() if p.name.endswith(".tmp")], [])

    def test_a_study_without_results(self):
        path = make_study.write_study(pathlib.Path(self.folder.name) / "empty", AXES[1:], lambda place: None)
        page = Page(study_report.report(study.open_study(path)))
        self.assertEqual(page.faults, [])
        self.assertEqual(len(page.cells("points")), 3)
        self.assertIn("No picture yet", page.text("p"))
        self.assertIn("2 of 2 points", page.text("p", "missing"))

    def test_a_picture_that_fails_is_told(self):
        with unittest.mock.patch.object(study_plots, "current", side_effect=study.StudyError("bad <b> luck")):
            page = Page(study_report.report(self.study))
        self.assertEqual(page.faults, [])
        self.assertIn("Not drawn: current-depletion-1: bad <b> luck", page.text("p"))

    def test_errors_are_one_line(self):
        for arguments, words in ((["/nowhere"], "/nowhere: holds no study"),
                                 ([self.path, "-o", "/nowhere/x.html"], "No such file or directory"),
                                 ([self.path, "--measured", "/nowhere/m.csv"], "m.csv: cannot be read")):
            status, out, err = called(study_report.main, *arguments)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1), err)
            self.assertTrue(err.startswith("study_report: "))
            self.assertIn(words, err)

    @unittest.skipUnless(browser.program(), "no chromium: the report was not clicked in a browser")
    def test_in_a_browser(self):
        column = ("Array.from(document.querySelectorAll('#points tbody tr')).filter(r => !r.hidden)"
                  ".map(r => r.cells[{}].textContent)")
        titles = [a.get("title", "").split(":")[0] for t, a in self.page.elements if t == "button"]
        failed, volts, status = (titles.index(n) for n in ("depletion_failed_mA_cm2", "overpotential_mV", "status"))
        head = "#points th:nth-child({}) button"
        with browser.Browser() as b:
            b.open(self.file.as_uri(), width=1280)
            self.assertEqual(b.messages, [])
            self.assertEqual([url for url in b.requests if not url.startswith("data:")], [self.file.as_uri()])
            self.assertIsNone(b.value("window.pwned"))
            self.assertEqual(b.value("document.title"), " ".join(EVIL.replace("\x00", "�").replace("\x1b", "�").split()))
            self.assertTrue(b.value("Array.from(document.images).every(i => i.complete && i.naturalWidth > 100)"))
            self.assertEqual(b.value(column.format(0)), ["1", "2", "3", "4", "5", "6"])
            b.click(head.format(failed + 1))
            self.assertEqual(b.value(column.format(failed)), ["0.3", "0.4", "1.2", "2.2", "", ""])
            self.assertEqual(b.value(column.format(0)), ["1", "2", "3", "6", "4", "5"])
            b.click(head.format(failed + 1))
            self.assertEqual(b.value(column.format(failed)), ["2.2", "1.2", "0.4", "0.3", "", ""])
            b.click(head.format(volts + 1))  # numbers, not words: 102 before 1002
            self.assertEqual(b.value(column.format(volts)), ["102", "552", "1002", "1002", "", ""])
            b.click(head.format(status + 1))
            self.assertEqual(b.value(column.format(status)), ["depletion"] * 4 + ["failed", "missing"])
            self.assertEqual(b.value("document.querySelectorAll('#points [aria-sort=ascending]').length"), 1)
            b.click(head.format(1))
            hidden = titles.index("path")
            self.assertEqual(b.value(f"getComputedStyle(document.querySelector('#points td:nth-child({hidden + 1})'))"
                                     ".display"), "none")
            b.click("#all")
            self.assertEqual(b.value(f"getComputedStyle(document.querySelector('#points td:nth-child({hidden + 1})'))"
                                     ".display"), "table-cell")
            b.click("#find")
            b.type("coated depletion")
            self.assertEqual(b.value(column.format(0)), ["2", "6"])
            self.assertEqual(b.value("document.getElementById('count').textContent"), "2 of 6")
            self.assertFalse(b.value("document.getElementById('study-text').open"))
            b.click("#study-text summary")
            self.assertTrue(b.value("document.getElementById('study-text').open"))
            b.value("(() => { const s = document.createElement('script'); s.textContent = 'window.pwned = 4'; "
                    "document.body.append(s); document.body.insertAdjacentHTML('beforeend', "
                    "'<img src=x onerror=\"window.pwned = 5\">'); })()")
            self.assertIsNone(b.value("window.pwned"))
            b.open(self.file.as_uri(), width=360, height=740, phone=True)
            self.assertLessEqual(b.value("document.documentElement.scrollWidth"), 360)
            light = b.value("getComputedStyle(document.body).backgroundColor")
            b.open(self.file.as_uri(), dark=True)
            self.assertNotEqual(b.value("getComputedStyle(document.body).backgroundColor"), light)
            self.assertEqual(b.value("getComputedStyle(document.querySelector('figure')).backgroundColor"),
                             "rgb(255, 255, 255)")


class Shipped(unittest.TestCase):
    def test_the_rest_of_a_name_is_harmless(self):
        for word in ("<b>", "\"x\"", "a'b", "&lt;", "\x07"):
            self.assertIsNone(re.search("[<>\"'\x07]", study_report.text(word)))
        self.assertEqual(study_report.text("a\r\nb"), "a\nb")
        self.assertEqual(study_report.number(5e-8), "5×10⁻⁸")
        self.assertEqual([study_report.number(v) for v in (math.nan, 0.1, 123456.0, 12.0)], ["", "0.1", "1.2346×10⁵", "12"])


if __name__ == "__main__":
    unittest.main()
