"""Runs a command in a pseudo-terminal of a given size; passes its output on, and ends with its exit code.

Usage: terminal.py COLUMNS ROWS COMMAND [ARGUMENT...]
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def main():
    columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    pid, terminal = pty.fork()
    if pid == 0:
        # The size is set before the command can ask for it.
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvp(command[0], command)
    # Whoever ends this program ends the command, too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _frame: os.kill(pid, caught))
    typed = sys.stdin.fileno()
    sources = [terminal, typed]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if typed in ready:
            data = os.read(typed, 4096)
            if data:
                os.write(terminal, data)
            else:
                sources.remove(typed)
        if terminal in ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
