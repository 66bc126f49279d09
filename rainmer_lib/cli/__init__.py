"""The command line: `rainmer --help`.

Commands import what they need when they run, so that `--help` and completion answer at once.
"""

import os
import sys
import warnings
from typing import Annotated

import typer

from rainmer_lib import __version__
from rainmer_lib.cli import convert, data, demo, derain, evaluate, export, train

DONE, PARTLY, WRONG, BROKEN, INTERRUPTED = 0, 1, 2, 70, 130
HELP = """Remove rain from photos, train and measure derainers, regenerate tables and figures of two papers."""
EPILOG = """Exit codes: 0 done; 1 done but not everything succeeded (a file could not be derained or scored, a check failed,
leaks were found, a notebook stopped); 2 nothing done: wrong usage, an input that is missing or unreadable, an output that
cannot be written; 70 an error of the program; 130 interrupted. Completion of names: rainmer --install-completion."""

app = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for name, command, short, examples in (
    ("derain", derain.derain, "Remove the rain from an image or a folder of images.", derain.EXAMPLES),
    ("demo", demo.demo, "Open a page to drop photos on.", demo.EXAMPLES),
    ("evaluate", evaluate.evaluate, "Score outputs, or a model, under every protocol.", evaluate.EXAMPLES),
    ("train", train.train, "Train a method, resume, or find the finished run.", train.TRAIN_EXAMPLES),
    ("reproduce", train.reproduce, "Make one table or figure, or all.", train.REPRODUCE_EXAMPLES),
    ("export", export.export, "Write a trained network as ONNX or for torch.export.", export.EXAMPLES),
    ("convert", convert.convert, "Convert published weights of a compared method.", convert.EXAMPLES),
    ("list", train.list_items, "Tables, figures, methods and trained models.", None),
):
    app.command(name, short_help=short, epilog=examples)(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"rainmer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")] = False,
) -> None:
    """Options of the program itself."""


app.add_typer(data.app, name="data", short_help="Data sets: what is known, verify, leaks.")


def main(words: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code; an error is one message, never a traceback.

    RAINMER_DEBUG=1 shows the traceback instead.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.formatwarning = lambda message, *_, **__: f"rainmer: {message}\n"
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program, such as a service
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files that are not UTF-8 are printed with their bytes
            stream.reconfigure(errors="backslashreplace")
    try:
        if "" in (sys.argv[1:] if words is None else words):
            raise ValueError("an argument is empty: was a variable not set? The present folder is `.`")
        app(words)
    except KeyboardInterrupt:
        _stop("interrupted", INTERRUPTED)
    except BrokenPipeError:  # `rainmer list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except (ValueError, TypeError, OSError) as error:
        _stop(error, WRONG)
    except NotImplementedError as error:
        from rainmer_lib.inference.device import missing_operator

        _stop(missing_operator(error), WRONG)
    except MemoryError as error:
        _stop(f"not enough memory: {error}", WRONG)
    except Exception as error:
        from rainmer_lib.inference.memory import ran_out

        if ran_out(error):
            _stop(f"not enough memory: {str(error).splitlines()[0]}", WRONG)
        _stop(f"unexpected {type(error).__name__}: {error}. RAINMER_DEBUG=1 shows where", BROKEN)


def _stop(message: object, code: int) -> None:
    if os.environ.get("RAINMER_DEBUG"):
        raise
    print(f"rainmer: {message}", file=sys.stderr)
    sys.exit(code)
