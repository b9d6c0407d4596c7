"""Types a line into a shell on a terminal, has it insert all completions, and prints the words that the shell then reads.

Takes JSON: the shell's command line, what to type before, the line, and the keys that insert all completions.
"""
import atexit
import fcntl
import json
import os
import pty
import select
import shutil
import struct
import sys
import tempfile
import termios
import time

asked = json.load(sys.stdin)
folder = tempfile.mkdtemp(prefix="vrp-e2e-complete-")
words, done = os.path.join(folder, "words"), os.path.join(folder, "done")

pid, terminal = pty.fork()
if pid == 0:
    os.chdir(asked["cwd"])
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "TERM": "vt100", "LC_ALL": "C.UTF-8", "PS1": "READY> "}
    environment.update(asked["env"])
    os.execvpe(asked["shell"][0], asked["shell"], environment)
atexit.register(shutil.rmtree, folder, True)
# A terminal so large that no line wraps and no list is paged.
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 5000, 0, 0))
seen = b""
end = time.time() + 60


def wait(holds):
    global seen
    while not holds():
        if time.time() > end:
            sys.exit("no end of it; the terminal shows:\n" + seen.decode("utf-8", "replace"))
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 65536)


def type_in(text):
    os.write(terminal, text.encode("utf-8"))


wait(lambda: b"READY> " in seen)
for number, line in enumerate(asked["before"]):
    mark = "M%dM" % number
    type_in(line + "; echo M''%dM\r" % number)
    wait(lambda: mark.encode() in seen)
    wait(lambda: b"READY> " in seen[seen.index(mark.encode()):])
# Go to the end of the line, then to its beginning.
type_in(asked["line"] + asked["all"] + "\x05 >'%s'; : >'%s'\x01printf '%%s\\0' \r" % (words, done))
wait(lambda: os.path.exists(done))
with open(words, encoding="utf-8", errors="surrogateescape") as file:
    print(json.dumps(file.read().split("\0")[:-1]))
os.close(terminal)
os.waitpid(pid, 0)
