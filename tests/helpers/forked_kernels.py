"""Kernels of notebooks, forked (`forked`).

A kernel runs as the one that Jupyter starts: in its own session, with the environment and folder that it is given.
"""

import os
import sys
from importlib import import_module

from forked import CONTEXT


class ForkedKernel:
    """As much of a Popen as Jupyter asks of a kernel."""

    stdin = stdout = stderr = None

    def __init__(self, words, env, cwd):
        here, there = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_kernel, args=(words, env, cwd, there))
        self._process.start()
        self.pid = self._process.pid
        here.recv()  # from here on the process has a group of its own, which Jupyter may end

    def poll(self):
        return self._process.exitcode

    def wait(self):
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self._process.terminate()

    def kill(self):
        self._process.kill()


def launch(cmd, env=None, cwd=None, **_):
    """In place of `jupyter_client.launcher.launch_kernel`: python -m ipykernel_launcher WORDS."""
    words = cmd[cmd.index("ipykernel_launcher") + 1 :]
    return ForkedKernel(words, dict(os.environ if env is None else env) | {"JPY_PARENT_PID": str(os.getpid())}, cwd)


def _kernel(words, env, cwd, there):
    os.setsid()
    there.send("apart")
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd or os.getcwd())
    import_module("pandas").options.display.max_columns = 20  # what pandas chooses where it is imported in a kernel
    sys.argv = ["ipykernel_launcher", *words]
    import_module("ipykernel.kernelapp").launch_new_instance()
