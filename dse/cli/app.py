"""The verbs, and what becomes of everything that stops one."""

from __future__ import annotations

import errno
import os
import shlex
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dse.cli.cite import cite
from dse.cli.compare import compare, explain
from dse.cli.curves import curves
from dse.cli.evaluate import evaluate
from dse.cli.info import info
from dse.cli.known import engines, memories, models
from dse.cli.league import league
from dse.cli.measure import measure
from dse.cli.merge import merge
from dse.cli.new import new
from dse.cli.options import log
from dse.cli.output import SAID, check_said, fitted, say, unread_help
from dse.cli.own import check_engine
from dse.cli.params import params
from dse.cli.pareto import pareto
from dse.cli.reference import reference
from dse.cli.study import study
from dse.cli.sweep import sweep
from dse.cli.train import train
from dse.cli.tune import tune
from dse.cli.validate import validate
from dse.errors import InputError
from dse.shipped import (
    CACHE,
    OWN_PARAMS,
    own_params_folder,
    usual_cache_folder,
    version,
)

FAILED, BAD_INPUT = 1, 2
_ERROR = "Error: "  # what typer puts before a message
# Click's, wherever typer has it from.
UsageError: Any = typer.BadParameter.__base__

_ABOUT = """Which transformer accelerator to build: differentiable models of machines,
swept by the million.

Tables fit the terminal, elsewhere 80 columns; COLUMNS=200 widens them.

Exit codes: 0 done, 1 failed, 2 bad input, 3 done but not for all of the input,
130 interrupted."""


class _Verbs(TyperGroup):
    """The verbs; what stops one becomes a message and an exit code."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        with unread_help():
            SAID.set(shlex.join(["dse", *args]))
            words = self._own_first(args)
            return super().make_context(info_name, words, parent, **extra)

    def _own_first(self, words: list[str]) -> list[str]:
        """Return a call with the options of all verbs where they are read: first."""
        options: list[Any] = [each for each in self.params if not each.is_eager]
        takes = {o: int(not each.is_flag) for each in options for o in each.opts}
        own: list[str] = []
        rest: list[str] = []
        left = iter(words)
        for word in left:
            if word == "--":
                rest += [word, *left]
            elif word in takes:
                own += [word, *islice(left, takes[word])]
            else:
                (own if word.partition("=")[0] in takes else rest).append(word)
        return [*own, *rest]

    def invoke(self, ctx: Any) -> Any:
        began = time.perf_counter()
        try:
            with unread_help():
                answer = super().invoke(ctx)
            check_said()
            return answer
        except InputError as error:
            _stop(str(error), BAD_INPUT)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                long = InputError(f"`{error.filename}` is too long a name; shorten it.")
                _stop(str(long), BAD_INPUT)
            _stop(f"Failed: {error}", FAILED)
        except UsageError as error:
            said = fitted(f"{_ERROR}{error.format_message()}").removeprefix(_ERROR)
            raise UsageError(said, error.ctx or ctx) from None  # it tells of help
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:  # of code of somebody else, or a fault of dse
            from dse.engines.own import told_of_own  # needs JAX

            told = told_of_own(error)
            if told is None:
                raise
            _stop(str(told), BAD_INPUT)
        finally:
            log.debug(f"Took {time.perf_counter() - began:.2f} s.")


def _stop(message: str, code: int) -> None:
    say(message, err=True)
    raise typer.Exit(code) from None


app = typer.Typer(
    name="dse",
    cls=_Verbs,
    help=_ABOUT,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dse {version()}")
        raise typer.Exit


def _restore_after(name: str, value: str) -> Callable[[], None]:
    """Set a variable of the environment; return what sets it back."""
    before = os.environ.get(name)
    os.environ[name] = value

    def restore() -> None:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before

    return restore


@app.callback()
def _options(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Print the version, and stop.",
        ),
    ] = False,
    _plain: Annotated[
        bool,
        typer.Option("--no-color", help="For scripts that ask: nothing is coloured."),
    ] = False,
    hw_params: Annotated[
        Path | None,
        typer.Option(
            "--hw-params",
            envvar=OWN_PARAMS,
            metavar="FOLDER",
            help="Parameter files of your own, known by name.",
        ),
    ] = None,
) -> None:
    if CACHE not in os.environ:
        context.call_on_close(_restore_after(CACHE, usual_cache_folder()))
    if hw_params is not None:
        context.call_on_close(_restore_after(OWN_PARAMS, str(hw_params)))
        own_params_folder()


for verb in (
    evaluate,
    compare,
    study,
    sweep,
    explain,
    merge,
    pareto,
    tune,
    params,
    train,
    measure,
    engines,
    models,
    memories,
    curves,
    cite,
    validate,
    info,
):
    app.command()(verb)
app.command()(league)
app.add_typer(reference)
app.command("check-engine")(check_engine)
app.add_typer(new)
