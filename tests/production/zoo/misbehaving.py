"""Builders that do what a builder must not; `wellbehaved.small` is what those return that return at all."""

from __future__ import annotations

import builtins
import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import keras
from wellbehaved import small


def raises() -> NoReturn:
    raise ValueError("the <b>width</b> must be even")


def imports_what_is_no_python() -> None:
    import importlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "no_python.py").write_text("def net(:\n")
        sys.path.insert(0, folder)
        importlib.import_module("no_python")


def raises_what_cannot_be_told() -> NoReturn:
    class Untellable(Exception):  # noqa: N818 - what it is
        def __str__(self) -> str:
            raise RuntimeError("not even this")

        __repr__ = __str__

    raise Untellable


def raises_what_cannot_be_pickled() -> NoReturn:
    error = ValueError("holds a lambda and a lock")
    error.held = (lambda: None, threading.Lock())  # type: ignore[attr-defined]  # that is the misbehaviour
    raise error


def raises_keyboard_interrupt() -> NoReturn:
    raise KeyboardInterrupt


def returns_text() -> Any:
    return "a model"


def hangs() -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("settling down")
    while True:
        time.sleep(0.01)


def hangs_in_c() -> NoReturn:
    ctypes.PyDLL(None).usleep(3_600_000_000)  # with the interpreter lock held
    raise AssertionError("woke up")


def calls_sys_exit() -> NoReturn:
    sys.exit(3)


def calls_os_exit() -> NoReturn:
    print("goodbye")
    os._exit(4)


def calls_os_exit_with_success() -> NoReturn:
    os._exit(0)


def segfaults() -> NoReturn:
    ctypes.string_at(0)
    raise AssertionError("survived")


def aborts() -> NoReturn:
    os.abort()


def kills_itself() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("survived")


def kills_its_parent() -> NoReturn:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
    raise AssertionError("nobody cares")


def recurses() -> Any:
    return recurses()


def eats_memory() -> NoReturn:
    eaten = []
    while True:
        eaten.append(b"x" * 5_000_000)


def prints_megabytes_and_raises() -> NoReturn:
    for number in range(100_000):
        print(f"line {number} {'.' * 60}")
    raise ValueError("that was a lot")


def prints_strange_bytes_and_raises() -> NoReturn:
    os.write(1, b"\xff\xfe\x00 \x1b[31mred\x1b[0m 10%\r100%\n")
    print("\ud800 \u202e")
    raise ValueError("strange")


def prints_megabytes() -> keras.Model:
    for _ in range(50):
        os.write(1, b"y" * 100_000)
        os.write(2, b"n" * 100_000)
    return small()


def leaks_threads() -> keras.Model:
    for _ in range(5):
        threading.Thread(target=time.sleep, args=[3600], daemon=False).start()
    return small()


def leaves_a_program_running() -> keras.Model:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)
    return small()


def leaves_forks_that_hold_every_pipe() -> keras.Model:
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(3600)
            os._exit(0)
    return small()


def returns_twice() -> keras.Model:
    os.fork()
    return small()


def changes_directory() -> keras.Model:
    os.chdir("/")
    return small()


def changes_environment() -> keras.Model:
    os.environ["MISBEHAVIOUR"] = "set"
    return small()


def patches_keras() -> keras.Model:
    model = small()
    keras.layers.Dense = keras.layers.Activation
    keras.Model.count_params = None
    return model


def sets_global_state() -> keras.Model:
    keras.config.set_dtype_policy("mixed_float16")
    keras.config.set_floatx("float64")
    keras.config.set_image_data_format("channels_first")
    model = small()
    gc.disable()
    sys.setrecursionlimit(200)
    return model


def closes_standard_streams() -> keras.Model:
    for stream in (0, 1, 2):
        os.close(stream)
    sys.stdout = sys.stderr = None
    return small()


def closes_every_descriptor() -> keras.Model:
    os.closerange(0, 256)
    return small()


def patches_builtins() -> keras.Model:
    def broken(*_: Any, **__: Any) -> NoReturn:
        raise OSError("no files today")

    model = small()
    builtins.open = broken
    builtins.print = broken
    return model


MISBEHAVING: dict[str, Callable[[], Any]] = {
    name: value for name, value in list(globals().items()) if callable(value) and value.__module__ == __name__
}
