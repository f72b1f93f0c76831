"""Writes some thousand namelists, has gfortran and host/input.c read them, and compares what they say.

    compare.py READER DRIVER FOLDER

READER: reader.f90 as a program; DRIVER: driver.c; FOLDER: where the namelists are written.  A namelist that is
read differently is an error, unless differences.txt says so, and then it is an error if they agree.
"""

import os
import random
import subprocess
import sys

CASES = 3000
SIZES = {"i": 1, "k": 4, "x": 1, "y": 5, "l": 1, "m": 3, "s": 1, "w": 3}


class Writer:
    """Random namelists from one seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def case(self, word):
        return "".join(self.r.choice((c.lower(), c.upper())) for c in word)

    def space(self, least=0):
        """Blanks and tabs."""
        return " " * self.r.randint(least, 2) + ("\t" if self.r.random() < 0.05 else "")

    def blank(self, least=0, comment=True):
        """The same, sometimes with line ends and comments."""
        out = self.space(least)
        kind = self.r.random()
        if not comment:
            kind *= 1 / 0.13 if kind < 0.10 else 10
            return out + ("\n  " if kind < 0.3 else "\r\n" if kind < 0.4 else "")
        if kind < 0.05:
            out += "\t"
        elif kind < 0.10:
            out += "\n  "
        elif kind < 0.13:
            out += " ! a comment, with 'quotes' / = and &\n"
        elif kind < 0.15:
            out += "\n! a whole line of it\n"
        elif kind < 0.17:
            out += "\r\n"
        return out

    def integer(self):
        n = self.r.choice((0, 1, 7, 42, 2147483647, self.r.randint(0, 10**9)))
        return self.r.choice(("", "", "-", "+")) + self.r.choice(("", "", "00")) + str(n)

    def number(self):
        r = self.r
        digits = str(r.randint(0, 10 ** r.choice((1, 3, 9, 17))))
        form = r.randint(0, 3)
        if form == 0:
            out = digits
        elif form == 1:
            out = digits + "."
        elif form == 2:
            out = "." + digits
        else:
            out = digits + "." + str(r.randint(0, 10**6))
        if r.random() < 0.5:
            out += r.choice("eEdD") + r.choice(("", "+", "-")) + r.choice(("", "0")) + str(r.randint(0, 40))
        return r.choice(("", "", "-", "+")) + out

    def logical(self):
        return self.case(self.r.choice(("t", "f", ".true.", ".false.", ".t.", ".f.")))

    def string(self):
        r = self.r
        quote = r.choice("'\"")
        body = "".join(r.choice("ab z0/!&$,;=*()#%'\"") for _ in range(r.randint(0, 10)))
        return quote + body.replace(quote, quote + quote) + quote

    def value(self, key):
        return {"i": self.integer, "k": self.integer, "x": self.number, "y": self.number, "l": self.logical,
                "m": self.logical, "s": self.string, "w": self.string}[key]()

    def separator(self):
        r = self.r
        if r.random() < 0.6:
            return self.space() + "," + self.blank(comment=False)
        return self.blank(1) or " "

    def values(self, key, count):
        """A list for at most `count` elements."""
        r = self.r
        out = ""
        left = r.randint(1, count)
        while left > 0:
            if out and not out.endswith(","):
                out += self.separator()
            kind = r.random()
            n = r.randint(1, left)
            if kind < 0.15:
                out += f"{n}*{self.value(key)}"
                left -= n
            elif kind < 0.22:
                out += f"{n}*"
                left -= n
                if left:
                    out += ","
                    continue
            elif kind < 0.30 and left > 1 and (not out or out.endswith(",")):
                out += ","  # an empty value
                left -= 1
                continue
            else:
                out += self.value(key)
                left -= 1
        if r.random() < 0.2 and not out.rstrip().endswith((",", "*")):
            out += self.space() + ","
        return out

    def assignment(self):
        r = self.r
        key = r.choice(list(SIZES))
        size = SIZES[key]
        name, room = self.case(key), size
        if size > 1 and r.random() < 0.4:
            first = r.randint(1, size)
            kind = r.random()
            if kind < 0.5:
                name += f"({first})"
                room = size - first + 1
            else:
                last = r.randint(first, size)
                step = r.choice((None, 1, 2))
                name += f"({first}:{last}" + (")" if step is None else f":{step})")
                room = (last - first) // (step or 1) + 1
        values = self.values(key, room)
        blank = self.space() if values.startswith(",") else self.blank(comment=False)
        return name + self.blank(comment=False) + "=" + blank + values

    def namelist(self):
        r = self.r
        out = r.choice(("", "", "\n", "! first\n", "  \n\t", "&b u=1 /\n", "&bb s='&a' /\n"))
        out += "&" + self.case("a") + r.choice((" ", "\n", "\r\n", "\t"))
        for _ in range(r.randint(0, 5)):
            out += self.assignment()
            comment = not out.rstrip().endswith(",")  # a comment behind a comma: see differences.txt
            out += r.choice((" ", "\n", "\r\n")) + self.blank(comment=comment)
        return out + r.choice(("/\n", " /\n\n", "/ ! end\n", "/ after\n"))


# What both must refuse.
BAD = ["i = 3.0", "i = 99999999999", "i = 1e3", "i = a", "i = 1 2", "i = 'a'", "i = 1,5", "k = 1 2 3 4 5", "k = 5*1",
       "k(5) = 1", "k(0) = 1", "k(-1) = 1", "k(3) = 1,2,3", "k(1:3:2) = 1,2,3", "k(1:9) = 1", "i(2) = 1", "x = 1.5.2",
       "x = e5", "x = 1.5e", "x = 'a'", "x = 1,5", "x = --1", "x = .", "y = 6*1.0", "y = 0*1.0", "l = 1",
       "l = x", "l = 'T'", "l = .x.", "s = abc", "s = 'abc", 's = "abc', "u = 1", "u(1) = 1", "ii = 1",
       "i == 1", "i 1", "= 1", "1 = i", "i = (1,2)", "k(1,2) = 1", "k(a) = 1", "k() = 1", "i # 1",
       "k = 2*3*4", "x = 1 000", "i%j = 1", "s = 'a'b", "i = 1 'a'", "l = T T", "i = 0x10", "x = 1_8", "k(2 = 1"]
# Whole files: what both must refuse, and what both must read.
BAD_FILES = ["", "\n", "i = 1 /\n", "&a i = 1", "&a i = 1\n", "&b i = 1 /\n", "& a i = 1 /\n", "&a i = 1 &b x = 2 /\n", "&"]
GOOD_FILES = ["&a/", "&a /", "&a i=1/", "&a\ti=1\t/", "&A I=1 /", "&a i=1 &end", "$a i=1 $end\n", "$a i=1 /\n", "text\n&a i=1 /",
              "&a i=1,/", "&a i=,/", "&a k=,,3/", "&a k=1,2*,4 /", "&a k=4*,/", "&a i\n=\n1\n/", "&a i=1\n/\n&a i=2 /\n", "&a i=1 i=2 /",
              "&a s='/' /", "&a s='it''s' /", "&a s='' /", "&a k=2*7 /", "&a k(2)=5,6 /", "&a k(:)=1,2 /", "&a k(3:)=1,2 /",
              "&a k(:2)=1,2 /", "&a k=1 2,3\n4/", "&a k(4:1:-1)=1,2,3,4 /", "&a i=2!c\n/", "&a\n!c\ni=2\n/", "&a x=1.5d-3 /", "&a x=5 /", 
              "\r\n&a\r\ni=1\r\n/\r\n"]


def differences(path):
    """[(kind, outcome, text)] of differences.txt."""
    out, kind, outcome, text = [], None, None, ""
    for line in open(path, encoding="utf-8").read().splitlines() + ["-"]:
        if line.startswith("| "):
            text += line[2:] + "\n"
        elif line.startswith("> "):
            text += ("\n" if text else "") + line[2:]
        elif not line.startswith("#"):
            if text:
                out.append((kind, outcome, text if "&a" in text else f"&a\n{text}/\n"))
            text = ""
            if ":" in line:
                kind, outcome = line.split("]:")[0].split(" [")
    return out


def read(program, paths):
    done = subprocess.run([program], input="".join(p + "\n" for p in paths), capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    if len(lines) != len(paths):
        sys.exit(f"{program} said {len(lines)} lines about {len(paths)} namelists")
    return [line[len(path) + 1:] for line, path in zip(lines, paths)]


def main():
    reader, driver, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    writer = Writer(1)
    cases = [("random", writer.namelist()) for _ in range(CASES)]
    cases += [("bad", f"&a\n  {text}\n/\n") for text in BAD]
    cases += [("bad", text) for text in BAD_FILES]
    cases += [("good", text + "\n") for text in GOOD_FILES]
    here = os.path.dirname(os.path.abspath(__file__))
    meant = {}
    for kind, outcome, text in differences(os.path.join(here, "differences.txt")):
        meant[len(cases)] = outcome
        cases.append((kind, text))
    paths = []
    for n, (_, text) in enumerate(cases):
        paths.append(os.path.join(folder, f"{n:04d}.nml"))
        with open(paths[-1], "w", encoding="utf-8", newline="") as file:
            file.write(text)
    failures = read_count = different = 0
    results = zip(paths, cases, read(reader, paths), read(driver, paths))
    for n, (path, (kind, text), theirs, ours) in enumerate(results):
        if n in meant:
            good = theirs != ours and (ours == "error") == (meant[n] == "refused") and (theirs == "error") == (meant[n] == "accepted")
            different += 1
        elif kind == "bad":
            good = theirs == ours == "error"
        else:
            good = theirs == ours and (kind != "good" or ours != "error")
        read_count += ours != "error"
        if not good:
            failures += 1
            print(f"{path} ({kind}):\n{text}\n  gfortran: {theirs}\n  here:     {ours}\n")
    print(f"namelists: {len(cases)}, {read_count} of them read, {different} meant to be read differently, {failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
